"""What an opening costs, in words and figures."""

import os
import platform
from datetime import date
from importlib.metadata import version

from benchmarks.cost_needs import BUSY, LOG_DAYS, PAUSE_S, PEAK, table
from benchmarks.cost_run import TABLES, TIERS, Cost
from benchmarks.machine import processor

BEGIN, END = "<!-- from benchmarks/COST.md -->", "<!-- as there -->"
BUSY_MACHINE = ": **other work was going on, so that the CPU is told too high**"
HEAD = """\
# What an opening costs

Made by `{command}` on {day}: {machine}, {processor}, {cores} cores, all tiers and the load
generator on the same machine. Python {python}, Django {django}, gunicorn {gunicorn}, MariaDB
{database}. Load average of the machine before it began: {load:.1f}{busy}.

A client with {connections} keep-alive connections fetches {hits:,} pixels that nobody has
fetched before, through NGINX, at {rate:,.0f} a second. Each is of a contact of its own and
becomes its first opening, the dearest one. There is one process of each kind: NGINX with
`nginx.conf`, a web process (express lane), Redis with its append-only file, a consumer, MariaDB
with a binary log (`innodb_flush_log_at_trx_commit=1`, `sync_binlog=1`).

## CPU

User and system time of each process and its children, from `/proc/<pid>/stat`, from the first
hit until all are recorded, less what the process takes when nothing happens. Web process, Redis,
consumer and database share their work among all hits that come at the same time, so that a hit
costs less where more come: the second column is as fast as that client can send them.

| tier | µs of CPU per opening at {rate:,.0f} a second | at {flood:,.0f} | of a core, without load |
|---|---|---|---|
{cpu}

## Bytes

| where | bytes |
|---|---|
{sizes}

Of the tables, data and indexes by `information_schema`, after OPTIMIZE and ANALYZE, by row.
Tables in use have holes: take half as much again. What is kept of a quarter of an hour, a group
and a verdict does not grow with the openings.

## What it comes to

By the first of the two columns. Peak: {peak} times the average, as where the busiest hour has a
fifth of a day's openings. Cores: with {utilisation:.0f} % of each in use at the peak. Redis:
the filter remembers an opening for 61 minutes, and the stream holds all hits of {pause:.0f}
minutes without a consumer; both at the peak. Tables: a row for the opening and one for its
contact, as where each contact opens once. Binary log: {log_days} days of it. Answers: what
NGINX sends, without TLS and TCP. None of it is proved beyond what one machine does.

"""


def report(cost: Cost, options) -> str:
    cpu = [(t, cost.cpu[t], cost.flood_cpu[t], f"{cost.idle[t]:.1f} %") for t in TIERS]
    cpu.append(("all", sum(cost.cpu.values()), sum(cost.flood_cpu.values()), ""))
    sizes = {
        **{f"MariaDB: {what}, each (`{name}`)": cost.rows[what] for what, name in TABLES.items()},
        "MariaDB: binary log, per opening": cost.binary_log,
        "Redis' memory: a key of the filter, for 61 minutes": cost.redis_filter,
        "Redis' memory: a hit in the stream, until it is recorded": cost.redis_stream,
        "Redis' append-only file, per opening": cost.redis_file,
        "the spool, a line": cost.spool,
        "the answer, with its head": cost.answer,
    }  # fmt: skip
    head = HEAD.format(
        command=f"python -m benchmarks.cost --hits {options.hits} --rate {options.rate}",
        day=date.today(),
        machine=platform.platform(terse=True),
        processor=processor(),
        cores=os.cpu_count(),
        python=platform.python_version(),
        django=version("Django"),
        gunicorn=version("gunicorn"),
        database=cost.database,
        load=options.load,
        busy="; **other work was going on, so take the CPU for too high**"
        if options.load > 1
        else "",
        connections=options.connections,
        hits=cost.hits,
        rate=cost.rate,
        flood=cost.flood_rate,
        cpu="\n".join(f"| {t} | {used:.0f} | {less:.0f} | {idle} |" for t, used, less, idle in cpu),
        sizes="\n".join(f"| {where} | {number:,.0f} |" for where, number in sizes.items()),
        peak=PEAK,
        utilisation=BUSY * 100,
        pause=PAUSE_S / 60,
        log_days=LOG_DAYS,
    )
    problems = [f"- **{problem}**" for problem in cost.problems]
    return head + "\n".join([*table(cost), "", *problems])


def quoted(text: str, lines: list[str]) -> str:
    """The page with these lines in the place of those that it had from here before."""
    before, found, rest = text.partition(BEGIN)
    _, also, after = rest.partition(END)
    assert (found, also) == (BEGIN, END)
    return "\n".join([before + BEGIN, "", *lines, "", END + after])
