"""What half an hour at half of the highest rate has shown, in words and figures."""

from collections.abc import Iterator

from benchmarks.end_to_end_run import NOISE_S
from benchmarks.machine import made_on, processor
from benchmarks.page_views_report import Verdict, programs
from benchmarks.soak_memory import EVERY_S, MORE_BYTES, MORE_SHARE, Memory, Sample, is_flat
from benchmarks.soak_run import SHARE, Found
from tests.memory import MEGABYTE

ROWS = 12  # of the table over time
# Of each key of the filter in the memory of Redis' process: 145 to 161 bytes as MEMORY.md has them,
# and what the allocator and the tables that are being moved add.
KEY_BYTES = 200
# They hold more and more on purpose: keys that stay for 61 minutes, and pages up to a pool's end.
OWN_RULE = ("redis", "mariadbd")
HEAD = """\
# {minutes:g} minutes without a rest

Made by `{command}`
on {day}: {machine}, {processor}, {cores} cores. Python {python}, Django {django}, gunicorn
{gunicorn}; {programs}. Load average of the machine before it began: {load:.1f}. An idle one has 0.
Of the time that it took, {stolen:.0%} was taken by others on the machine's host. Either makes all
figures worse than they are.

All of it shares the same two cores: one web process, Redis, MariaDB
(`innodb_flush_log_at_trx_commit=1`, a buffer pool of 512 MB), a consumer, a worker and a beat as
the Procfile runs them, and wrk, which sends at a steady rate on {connections} keep-alive
connections. There are {pixels:,} pixels, 20 of a contact, and {readers:,} User-Agents. A pixel that
is asked for again is asked for by another one, so that each hit is an opening.

{rate}

The rate is kept up when the lag's median (the age of the oldest hit in the stream, looked at four
times a second) in the last third of the time is not above that in the middle third by more than
{noise} s, and all of the rate was answered.

*Memory* is the PSS of a process and of its children, looked at every {every:.0f} s, or more often
where the time is short. It is flat when its median in the last third of the time is not above that
in the middle third by more than {share:.0%} or {megabytes:.0f} MB, whichever is more. Two
hold more and more on purpose:

- *Redis* holds a key of the filter for each opening, for 61 minutes, so that its memory is at its
  height only after them. Beyond what it took without any it may take {key} bytes for each key, and
  {megabytes:.0f} MB for what is under way.
- *MariaDB* fills its buffer pool. What it takes beside the data there has to be flat.
"""


def verdicts(found: Found) -> list[Verdict]:
    return list(judged(found))


def judged(found: Found) -> Iterator[Verdict]:
    run, memory = found.run, found.memory
    for problem in (*found.outcome.problems, *found.logged):
        yield Verdict(False, problem)
    if not found.logged:
        yield Verdict(True, "no error is in the logs")
    if found.peak:
        peak = f"{found.peak.rate:,.0f}/s are kept up for {found.peak.seconds} s"
        yield Verdict(found.peak.keeps_up, f"the highest rate: {peak}")
    yield Verdict(
        run.keeps_up,
        f"{run.rate:,.0f}/s of {run.offered:,.0f} offered are kept up for {run.seconds / 60:g} "
        f"minutes: the lag is {run.middle:.2f} s in the middle third and {run.end:.2f} s in the "
        "last",
    )
    for name in memory.base.pss:
        if name not in OWN_RULE:
            yield flat(f"memory of {name}", *memory.thirds(lambda s, name=name: s.pss[name]))
    yield flat("memory of mariadbd beside its pool", *memory.thirds(beside_pool))
    yield for_keys(memory)
    outcome = found.outcome
    yield Verdict(
        outcome.kept == outcome.acknowledged,
        f"{outcome.acknowledged:,} openings were acknowledged, {outcome.kept:,} are kept",
    )


def flat(what: str, middle: float, last: float) -> Verdict:
    figures = (
        f"{middle / MEGABYTE:.1f} MB in the middle third, {last / MEGABYTE:.1f} MB in the last"
    )
    return Verdict(is_flat(middle, last), f"{what}: {figures}")


def beside_pool(sample: Sample) -> int:
    return sample.pss["mariadbd"] - sample.pool


def for_keys(memory: Memory) -> Verdict:
    base = memory.base.pss["redis"]
    _, held = memory.thirds(lambda sample: sample.pss["redis"] - base)
    _, keys = memory.thirds(lambda sample: sample.keys)
    most = KEY_BYTES * keys + MORE_BYTES
    return Verdict(
        held <= most,
        f"memory of redis: {held / MEGABYTE:.1f} MB beyond the {base / MEGABYTE:.1f} MB before, "
        f"with {keys:,.0f} keys of the filter in the last third (at most {most / MEGABYTE:.1f} MB)",
    )


def report(found: Found, options) -> str:
    named = ("minutes", "rate", "step", "seconds", "pixels", "readers", "connections")
    told = " ".join(f"--{name} {getattr(options, name):g}" for name in named[:4])
    told += "".join(f" --{name} {getattr(options, name)}" for name in named[4:])
    head = HEAD.format(
        command=f"python -m benchmarks.soak {told}", processor=processor(),
        programs=", ".join(programs()), load=options.load,
        stolen=options.stolen.share(), connections=options.connections,
        pixels=options.pixels, readers=options.readers, rate=rate(found), noise=NOISE_S,
        every=EVERY_S, share=MORE_SHARE, megabytes=MORE_BYTES / MEGABYTE, key=KEY_BYTES,
        minutes=options.minutes, **made_on(),
    )  # fmt: skip
    lines = [head, "## What was to hold", ""]
    lines += [
        f"- {'reached' if each.holds else '**not reached**'}: {each.text}"
        for each in verdicts(found)
    ]
    lines += ["", "## Over time", "", *over_time(found), "", "## In all", "", *in_all(found)]
    return "\n".join([*lines, ""])


def rate(found: Found) -> str:
    if not found.peak:
        return f"The rate of {found.run.offered:,.0f}/s was given."
    tries = len(found.outcome.tries) - 1
    return (
        f"The highest rate was found as in END_TO_END.md, with these User-Agents, in {tries} tries "
        f"before: {found.peak.rate:,.0f}/s for {found.peak.seconds} s. This is {SHARE:.0%} of it."
    )


def over_time(found: Found) -> list[str]:
    memory, lag = found.memory, found.run.lag.seen
    names = list(memory.base.pss)
    lines = [
        f"| after min | oldest hit, s | entries in the stream | {', MB | '.join(names)}, MB "
        "| keys in Redis | buffer pool, MB |",
        "|---" * (len(names) + 5) + "|",
    ]
    samples = memory.samples
    for sample in samples[:: max(1, len(samples) // ROWS)]:
        _, age, entries = min(lag, key=lambda seen: abs(seen[0] - sample.at))
        held = [f"{sample.pss[name] / MEGABYTE:.0f}" for name in names]
        lines.append(
            f"| {sample.at / 60:.1f} | {age:.2f} | {entries} | {' | '.join(held)} "
            f"| {sample.keys:,} | {sample.pool / MEGABYTE:.0f} |"
        )
    return lines


def in_all(found: Found) -> list[str]:
    run = found.run
    longest = max(age for _, age, _ in run.lag.seen)
    cpu = ", ".join(f"{name} {used:.0f}" for name, used in run.cpu.items())
    return [
        f"- {run.answers:,} pixels were answered, {run.p50:.1f} ms in the median and p99 "
        f"{run.p99:.1f} ms from when wrk had sent the request.",
        f"- The oldest hit in the stream was {longest:.2f} s old at most; the last one was "
        f"recorded {run.behind:.1f} s after wrk had ended.",
        f"- µs of CPU for each opening: {cpu}.",
    ]
