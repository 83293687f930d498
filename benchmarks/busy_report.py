"""How long pixels' answers took on a busy PixelTrack, in words and figures."""

from collections.abc import Iterator
from statistics import median

from benchmarks.busy_run import MOST_MS, Found
from benchmarks.due import Answers
from benchmarks.machine import made_on, processor
from benchmarks.page_views_report import Verdict, functions, programs

LEAST_REACHED = 0.99  # of what is offered: answered at all
HEAD = """\
# Pixels while all else goes on

Made by `{command}`
on {day}: {machine}, {processor}, {cores} cores. Python {python}, Django {django}, gunicorn
{gunicorn}; {programs}. Load average of the machine before it began: {load:.1f}. An idle one has 0.
Of the time that it took, {stolen:.0%} was taken by others on the machine's host. Either makes all
figures worse than they are.

**All of it shares the same {cores} cores**: the web server with its usual two processes (one takes
in hits, the other makes pages), Redis, MariaDB (`innodb_flush_log_at_trx_commit=1`), the consumer,
a worker and beat as the Procfile runs them, the client that asks for pixels, and those that export
and look. In life the clients are elsewhere.

Pixels are due at a steady {rate:,}/s, each one new, a contact's first opening, {agents}.
The time of an answer counts **from when its request was due**, on {connections} keep-alive
connections: a request that had to wait for one of them, or for the client itself to get a core, has
waited. (wrk counts from when a request has left, so that those which a slow server holds back look
fast; so it is not used here, but `benchmarks/due_client.py`.) The client's timer is a millisecond
coarse, which is in the figures too; *late* is how long after it was due a request left. Each answer
is compared with the right one byte by byte.

Meanwhile, all by HTTP:

- **an import** of {rows:,} contacts, each with two pixels, by `POST /api/imports/`;
- **a full export**: `GET /api/campaigns/<id>/openings.csv` of a campaign with {openings:,}
  openings, read as fast as it comes, and when it is over again from the beginning;
- **{dashboards} dashboards**: the figures on the admin's page of the campaign whose mails are being
  opened, asked for again one second after each answer, with the ETag, as the page's own script
  does; and in every third turn `GET /api/campaigns/<id>/statistics/` of it.
"""


def verdicts(found: Found) -> list[Verdict]:
    return list(judged(found))


def judged(found: Found) -> Iterator[Verdict]:
    for problem in found.problems:
        yield Verdict(False, problem)
    among = found.among
    yield Verdict(
        among.time(0.99) <= MOST_MS,
        f"p99 among all else: {among.time(0.99):.1f} ms (at most {MOST_MS}) at "
        f"{among.rate:,.0f}/s for {among.seconds} s",
    )
    yield Verdict(
        found.rows > 0 and found.lines > 0 and bool(found.live.times),
        f"meanwhile {found.rows:,} rows were imported, {found.lines:,} lines exported, and "
        f"{len(found.live.times) + len(found.told.times):,} answers came to dashboards",
    )


def report(found: Found, options) -> str:
    own = "each with a User-Agent of its own"
    agents = f"by {options.readers:,} User-Agents" if options.readers else own
    named = ("rate", "seconds", "alone", "rows", "openings", "dashboards", "connections", "readers")
    told = " ".join(f"--{name} {getattr(options, name)}" for name in named)
    head = HEAD.format(
        command=f"python -m benchmarks.busy {told}",
        processor=processor(), programs=", ".join(programs()), load=options.load,
        stolen=options.stolen.share(), agents=agents,
        rate=options.rate, connections=options.connections, rows=options.rows,
        openings=options.openings, dashboards=options.dashboards, **made_on(),
    )  # fmt: skip
    lines = [head, "## What was to hold", ""]
    lines += [
        f"- {'reached' if each.holds else '**not reached**'}: {each.text}"
        for each in verdicts(found)
    ]
    lines += ["", "## The answers to pixels", "", *answers(found), "", "## Meanwhile", ""]
    lines += [*meanwhile(found), "", "## The cores", "", *cores(found)]
    if found.profile:
        lines += ["", "## What a web process does meanwhile", "", *profile(found)]
    return "\n".join([*lines, ""])


def answers(found: Found) -> list[str]:
    return [
        "| | asked | answered | p50 ms | p90 ms | p99 ms | p99.9 ms | max ms | late p50, p99, ms |",
        "|---|" + "---|" * 8,
        row("alone", found.alone),
        row("among all else", found.among),
        "",
        f"{found.acknowledged:,} openings were acknowledged in all, and {found.kept:,} are in the "
        "database.",
    ]


def row(name: str, of: Answers) -> str:
    late = sorted(of.late)
    times = [of.time(share) for share in (0.5, 0.9, 0.99, 0.999, 1)]
    figures = [f"{of.rate * of.seconds:,.0f}", f"{len(of.times):,}"]
    figures += [f"{ms:.1f}" for ms in times]
    figures.append(", ".join(f"{late[int(len(late) * share)]:.1f}" for share in (0.5, 0.99)))
    return f"| {name} | {' | '.join(figures)} |"


def meanwhile(found: Found) -> list[str]:
    seconds = found.among.seconds
    whole = f", {median(found.exports):.1f} s each in the median" if found.exports else ""
    return [
        f"- The import took in {found.rows:,} rows, {found.rows / seconds:,.0f}/s.",
        f"- {found.lines:,} openings were exported, {found.lines / seconds:,.0f}/s; "
        f"{len(found.exports)} exports came to their end{whole}.",
        f"- Dashboards had {len(found.live.times):,} answers to figures "
        f"({found.live.unchanged:,} of them 304), {found.live.ms(0.5):.0f} ms in the median, p99 "
        f"{found.live.ms(0.99):.0f} ms; and {len(found.told.times):,} to statistics, "
        f"{found.told.ms(0.5):.0f} ms, p99 {found.told.ms(0.99):.0f} ms.",
    ]


def cores(found: Found) -> list[str]:
    """In use by each process."""
    names = [*dict.fromkeys(name for used in found.cpu.values() for name in used)]
    lines = [
        "Of each process with its children, what it used of a core. What is missing up to the "
        "number of cores was idle, or somebody else's.",
        "",
        f"| | {' | '.join(found.cpu)} |",
        "|---|" + "---|" * len(found.cpu),
    ]
    for name in names:
        shares = [f"{used[name]:.0%}" for used in found.cpu.values()]
        lines.append(f"| {name} | {' | '.join(shares)} |")
    sums = [f"{sum(used.values()):.0%}" for used in found.cpu.values()]
    return [*lines, f"| **all** | {' | '.join(sums)} |"]


def profile(found: Found) -> list[str]:
    return [
        "By py-spy, of the web process that takes in hits: shares of the time in which a thread "
        "held its interpreter's lock, by what that thread was doing.",
        "",
        *functions(found.profile),
    ]
