"""How soon openings were in the statistics, in words and figures."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.freshness_run import Found
from benchmarks.machine import made_on
from tests.ledger.report import quantile

MOST_S = 1.0
LEAST_REACHED = 0.98  # of the rate that is offered
NAMES = {"mysql": "MariaDB", "sqlite": "SQLite"}
HEAD = """\
# How soon an opening is in the statistics

Made by `{command}` on {day}:
{machine}, {cores} cores, all tiers and the load generator on the same machine. Python {python},
Django {django}, gunicorn {gunicorn}. Load average of the machine before it began: {load:.1f}.

A client with {connections} keep-alive connections fetches pixels that nobody has fetched before,
each of a contact of its own, at a steady rate, whether or not answers are late ({warm_up} s of them
before the measurement begins, on the same campaign). The hits go by the web process, Redis and the
consumer into the database, as in life, and each is a contact's first opening, the dearest one.
Meanwhile somebody asks `GET /api/campaigns/<id>/statistics/` of the same web process by HTTP,
{per_second:.0f} times a second, and notes when the answer has come.

*Delay*: from the moment when a GIF has come to the first answer that has as many openings as GIFs
had come up to that moment. It includes the rest between two looks and the time of the look itself.
It is about numbers, and not about this opening or that. But in the end there are as many openings
as GIFs, and one stream keeps the hits in the order in which they were taken in, so that openings
take each other's places only where their hits were in flight at the same time.
"""
TABLE = (
    "\n| | hits | offered/s | reached/s | GIF p50, p99, ms | look p50, p99, ms "
    "| delay p50, s | p99, s | max, s |\n|" + "---|" * 9
)


@dataclass(frozen=True)
class Verdict:
    holds: bool
    text: str


def verdicts(found: list[Found]) -> list[Verdict]:
    return [verdict for one in found for verdict in verdicts_on(one)]


def verdicts_on(found: Found) -> Iterator[Verdict]:
    name = NAMES[found.database]
    for problem in found.problems:
        yield Verdict(False, f"{name}: {problem}")
    p99, rate = quantile(found.delays, 0.99), found.offered
    yield Verdict(
        bool(found.delays) and p99 <= MOST_S,
        f"{name}: the p99 of the delay is {p99:.2f} s (at most {MOST_S:g}) at "
        f"{found.reached:,.0f} hits a second",
    )
    yield Verdict(
        found.reached >= LEAST_REACHED * rate,
        f"{name}: {found.reached:,.0f} hits a second were reached of the {rate:,} offered",
    )


def report(found: list[Found], options) -> str:
    lines = [head(options), "## What was to hold", ""]
    lines += [
        f"- {'reached' if each.holds else '**not reached**'}: {each.text}"
        for each in verdicts(found)
    ]
    return "\n".join([*lines, TABLE, *map(row, found), ""])


def head(options) -> str:
    return HEAD.format(
        command=f"python -m benchmarks.freshness --rate {options.rate} --seconds {options.seconds}",
        **made_on(),
        load=options.load,
        connections=options.connections,
        warm_up=options.warm_up,
        per_second=1 / options.every,
    )


def row(found: Found) -> str:
    return (
        f"| {NAMES[found.database]} {found.version} | {found.hits:,} | {found.offered:,} | "
        f"{found.reached:,.0f} | {in_ms(found.gifs)} | {in_ms(found.looks)} | "
        f"{quantile(found.delays, 0.5):.2f} | {quantile(found.delays, 0.99):.2f} | "
        f"{max(found.delays, default=0):.2f} |"
    )


def in_ms(times: list[float]) -> str:
    return ", ".join(f"{quantile(times, share) * 1000:.1f}" for share in (0.5, 0.99))
