"""What the figures of a campaign cost, in words and figures."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.machine import made_on
from benchmarks.statistics_campaign import WEEK
from benchmarks.statistics_proof import CHECKED, COUNTED, KINDS, OPTIONS, PEER, Found, Size
from benchmarks.statistics_rows import SHARED
from tests.ledger.report import quantile

MOST_MS = 50
MOST_RATIO = 1.5  # of the largest to the smallest
MOST_READ = 100  # rows of a table of millions, as the database estimates for a query
MILLIONS = ("tracking_opening", "tracking_contactopenings", "campaigns_contact", "campaigns_pixel")
ASKED = {
    "whole": "all of it",
    "period": "`?from=…&to=…&bucket=hour`",
    "live": "all of it, with openings on the busiest day since the last request",
    "new": "all of it, by a process that has read nothing of it",
}
HEAD = """\
# What the figures of a campaign cost

Made by `{command}`
on {day}: {machine}, {cores} cores, all tiers and the client on the
same machine. Python {python}, Django {django}, gunicorn {gunicorn}, MariaDB {mariadb}. Load average
of the machine before it began: {load:.1f}, and before the requests were measured: {load_then:.1f}.
An idle one has 0; other work beside it makes all figures worse than they are.

Campaigns of three groups on one MariaDB, written by the database itself from the number of each
contact: scheduled in quarters of an hour, for a week; openings over thirty days, half of the first
ones within an hour; two pixels, one to four visits by the readers that `simulate_openings` knows,
judged by the rules that ship; {shared} addresses in two groups. A campaign in 365 days is scheduled
by the minute, for as many. The counts are made of the openings by `manage.py rebuild_counts`; what
is known of contacts is written with them, as the consumer would have, and of campaigns with up to
{checked:,} openings all of it is recounted. In all {gigabytes:.1f} GB of data and indexes. The
server was started with `{options}`:
so all of it is in memory, which the counting beside us needs, and we do not.

*Statistics*: `GET /api/campaigns/<id>/statistics/` with a JWT, by HTTP, from gunicorn with one
worker; one request after the other, the sizes in turn, {requests} of each kind. A web process keeps
what it has read of a day until the day's counts change: so the same request is shown where nothing
has changed since the last one, where the counts of the campaign's busiest day have (in all groups;
that is while it is being opened), and where all have, which is what the first request costs.
*CPU* is that of the web process and of the database for a request, which other work on the machine
changes less than the time that it takes. *Counting*: what trackers do that count their openings,
{peer} statements on the same database, by group, by hour and by verdict, each
`{counted}`.
"""


@dataclass(frozen=True)
class Verdict:
    holds: bool
    text: str


def verdicts(found: Found) -> list[Verdict]:
    return list(judged(found))


def judged(found: Found) -> Iterator[Verdict]:
    alike = [size for size in found.sizes if size.made.days == WEEK]
    smallest, largest = alike[0], alike[-1]
    for kind in ("whole", "period", "live"):
        times = [middle(size, kind) for size in (smallest, largest)]
        yield Verdict(
            times[1] < MOST_MS,
            f"{ASKED[kind]}: {times[1]:.1f} ms at {named(largest)} (under {MOST_MS})",
        )
        yield Verdict(
            times[1] <= MOST_RATIO * times[0],
            f"{ASKED[kind]}: {times[1] / times[0]:.2f} times the {times[0]:.1f} ms at "
            f"{named(smallest)} (at most {MOST_RATIO})",
        )
    for size in found.sizes:
        yield Verdict(
            not size.problems,
            f"{named(size)}: every figure is what SQL over the openings says"
            + "".join(f"; {problem}" for problem in size.problems[:5]),
        )
        looked = [row for row in size.tables if row[0] in MILLIONS and int(row[3]) > MOST_READ]
        yield Verdict(
            not looked,
            f"{named(size)}: no query reads openings, contacts or pixels at large"
            + "".join(f"; {row}" for row in looked),
        )


def named(size: Size) -> str:
    return f"{size.made.openings:,} openings{in_days(size)}"


def number(size: Size) -> str:
    return f"{size.made.openings:,}{in_days(size)}"


def in_days(size: Size) -> str:
    return "" if size.made.days == WEEK else f" in {size.made.days} days"


def report(found: Found, options) -> str:
    lines = [head(found, options), "## What was to hold", ""]
    lines += [
        f"- {'reached' if each.holds else '**not reached**'}: {each.text}"
        for each in verdicts(found)
    ]
    lines += ["", "## Milliseconds", "", *times(found), "", "## What an answer is made of", ""]
    lines += [*answers(found), "", "## How the campaigns were made", "", *made(found), ""]
    return "\n".join(lines)


def head(found: Found, options) -> str:
    openings = ",".join(map(str, options.openings))
    year = f"--year {options.year} " if options.year else ""
    return HEAD.format(
        command=f"python -m benchmarks.statistics --openings {openings} "
        f"{year}--requests {options.requests}",
        **made_on(),
        mariadb=found.version,
        load=options.load,
        load_then=options.load_then,
        shared=SHARED,
        checked=CHECKED,
        gigabytes=found.gigabytes,
        options=" ".join(OPTIONS),
        requests=options.requests,
        peer=len(PEER),
        counted=COUNTED,
    )


def times(found: Found) -> Iterator[str]:
    yield "| asked for | openings | median | p99 | CPU, median | counting |"
    yield "|---|---|---|---|---|---|"
    for kind in KINDS:
        for size in found.sizes:
            seconds = [took for took, _ in size.requests[kind]]
            peer = f"{median(size.peer) * 1000:,.0f}" if kind == KINDS[0] else ""
            yield (
                f"| {ASKED[kind]} | {number(size)} | {middle(size, kind):.1f} | "
                f"{quantile(seconds, 0.99) * 1000:.1f} | {middle(size, kind, 1):.1f} | {peer} |"
            )


def middle(size: Size, kind: str, which=0) -> float:
    """Milliseconds: how long it took, or (1) the CPU that it used."""
    return median(each[which] for each in size.requests[kind]) * 1000


def answers(found: Found) -> Iterator[str]:
    yield "| openings | KB | queries | rows read | tables, as the plans have it |"
    yield "|---|---|---|---|---|"
    for size in found.sizes:
        tables = ", ".join(
            f"`{table}` ({how}, {key}, {rows})" for table, how, key, rows in size.tables
        )
        yield (
            f"| {number(size)} | {size.bytes / 1000:.0f} | {size.queries} | "
            f"{size.read:,} | {tables} |"
        )


def made(found: Found) -> Iterator[str]:
    steps = list(found.sizes[0].made.took)
    yield f"| openings | contacts | {', s | '.join(steps)}, s | wrong, as recounting finds |"
    yield "|---" * (3 + len(steps)) + "|"
    for size in found.sizes:
        seconds = " | ".join(f"{size.made.took[step]:.0f}" for step in steps)
        checked = "not looked for" if size.drift is None else ", ".join(map(str, size.drift))
        yield f"| {number(size)} | {size.made.contacts:,} | {seconds} | {checked} |"
