"""What was found of page views, in words and figures."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from statistics import median

from benchmarks.page_views_proof import Found
from tests.services import find

MOST_RATIO = 0.5  # of the peer's average
REFERENCE = {"write": 5.0, "read": 4.8}  # milliseconds: the best that the reference reports
LEAST_RATIO = {"write": 10, "read": 5}  # of the peer's throughput
PACKAGES = ("Django", "gunicorn", "uvicorn", "fastapi", "pydantic", "asyncmy", "redis", "hiredis")
NAMES = {"mariadbd": "MariaDB", "redis-server": "Redis", "nginx": "NGINX"}
FUNCTIONS = 14  # of a profile that are told
HEAD = """\
# Page views beside the reference's design

Made by `{command}` on {day}:
{machine}, {cores} cores, all tiers and the load generator on the same machine. Python {python},
{packages}; {programs}.

*Peer*: `benchmarks/peers/page_views_fastapi/`, the reference's design as well made as its parts
allow. FastAPI on uvicorn, one row committed to MariaDB for each view before the reply (a pool of
connections, an asynchronous driver), the counts of `GET /stats` kept in Redis for 10 s. PixelTrack
answers when its Redis has the view, records it in the same MariaDB a moment later, and keeps its
answers for one second. Each has three web processes of its own behind an NGINX with the same
configuration, and a Redis; they take turns, and while one is measured the other rests. Medians of
{rounds} rounds.

The reference itself, whose store was MongoDB on another machine, reports 5.0 to 7.9 ms for a write
and 4.8 to 8.0 ms for a read. These are figures of another machine and another store: beside ours
they say which league it is, and no more.

Load average of the machine before it began: {load:.1f}. An idle one has 0; other work beside it
makes all figures worse than they are, and not those of both sides by the same.
"""


@dataclass(frozen=True)
class Verdict:
    holds: bool
    text: str


def verdicts(ours: Found, peer: Found) -> list[Verdict]:
    return list(judged(ours, peer))


def judged(ours: Found, peer: Found) -> Iterator[Verdict]:
    for name, found in (("PixelTrack", ours), ("peer", peer)):
        for problem in found.problems:
            yield Verdict(False, f"{name}: {problem}")
    for kind, limit in REFERENCE.items():
        average, most = ours.average(kind), MOST_RATIO * peer.average(kind)
        yield Verdict(
            average <= most,
            f"average {kind}, one after the other: {average:.2f} ms, "
            f"{average / peer.average(kind):.2f} of the peer's {peer.average(kind):.2f} ms "
            f"(at most {MOST_RATIO})",
        )
        yield Verdict(
            average < limit,
            f"average {kind}, one after the other: {average:.2f} ms (under the {limit} ms that "
            "the reference reports)",
        )
    for kind, least in LEAST_RATIO.items():
        ratio = ours.rate(kind) / peer.rate(kind)
        yield Verdict(
            ratio >= least,
            f"{kind}s at once: {ours.rate(kind):,.0f}/s, {ratio:.1f} times the peer's "
            f"{peer.rate(kind):,.0f}/s (at least {least})",
        )


def report(ours: Found, peer: Found, options) -> str:
    sides = {"PixelTrack": ours, "peer": peer}
    lines = [head(options), "## What was to hold", ""]
    lines += [
        f"- {'reached' if each.holds else '**not reached**'}: {each.text}"
        for each in verdicts(ours, peer)
    ]
    lines += ["", f"## One after the other, {options.count} in a round", "", *one_by_one(sides)]
    lines += ["", f"## At once: wrk, {options.clients} clients, {options.seconds} s", ""]
    lines += [*at_once(sides), "", *recorded(sides), "", "## What a request costs", ""]
    lines += [*costs(sides), "", "## Where the time goes in a process", ""]
    for name, found in sides.items():
        for what, profile in found.profiles.items():
            lines += [f"{name}, {what}:", "", *functions(profile), ""]
    return "\n".join(lines)


def head(options) -> str:
    return HEAD.format(
        command=f"python -m benchmarks.page_views --rounds {options.rounds} --count "
        f"{options.count} --clients {options.clients} --seconds {options.seconds}",
        day=date.today(),
        machine=platform.platform(terse=True),
        cores=os.cpu_count(),
        python=".".join(map(str, sys.version_info[:3])),
        packages=", ".join(f"{package} {version(package)}" for package in PACKAGES),
        programs=", ".join(programs()),
        rounds=options.rounds,
        load=options.load,
    )


def programs() -> Iterator[str]:
    """With their versions."""
    for name, option in (
        ("mariadbd", "-V"),
        ("redis-server", "-v"),
        ("nginx", "-v"),
        ("wrk", "-v"),
    ):
        done = subprocess.run([find(name), option], capture_output=True, text=True, check=False)
        told = re.search(r"\d+\.\d+\.\d+", done.stdout + done.stderr)
        yield f"{NAMES.get(name, name)} {told[0]}"


def one_by_one(sides: dict[str, Found]) -> list[str]:
    lines = ["| | average ms | p50 ms | p99 ms | averages of the rounds |", "|---|---|---|---|---|"]
    for kind in REFERENCE:
        for name, found in sides.items():
            rounds = found.sequential[kind]
            middle = [median(getattr(each, what) for each in rounds) for what in ("p50", "p99")]
            lines.append(
                f"| {kind}, {name} | {found.average(kind):.2f} | {middle[0]:.2f} | {middle[1]:.2f} "
                f"| {', '.join(f'{each.average:.2f}' for each in rounds)} |"
            )
    return lines


def at_once(sides: dict[str, Found]) -> list[str]:
    lines = ["| | requests/s | p50 ms | p99 ms | of the rounds |", "|---|---|---|---|---|"]
    for kind in LEAST_RATIO:
        for name, found in sides.items():
            rounds = found.loads[kind]
            middle = [median(getattr(each, what) for each in rounds) for what in ("p50", "p99")]
            lines.append(
                f"| {kind}s, {name} | {found.rate(kind):,.0f} | {middle[0]:.1f} | {middle[1]:.1f} "
                f"| {', '.join(f'{each.rate:,.0f}' for each in rounds)} |"
            )
    return lines


def recorded(sides: dict[str, Found]) -> list[str]:
    """The rows in the end, and how soon they were there."""
    return [
        f"- {name}: {found.acknowledged:,} views were acknowledged, and {found.rows:,} rows are in "
        f"the database; until the last of a round was there, at least "
        f"{median(found.recorded):,.0f} were recorded in a second."
        for name, found in sides.items()
    ]


def costs(sides: dict[str, Found]) -> list[str]:
    """Of each tier."""
    columns = {
        f"{kind}, {name}": found.cpu[kind] for kind in LEAST_RATIO for name, found in sides.items()
    }
    tiers = dict.fromkeys(tier for rounds in columns.values() for tier in rounds[0])
    lines = [
        "Microseconds of CPU for each request, those of the kernel on its behalf included; for a "
        "write, until it is recorded.",
        "",
        f"| tier | {' | '.join(columns)} |",
        "|---|" + "---|" * len(columns),
    ]
    for tier in tiers:
        figures = [median(each.get(tier, 0) for each in rounds) for rounds in columns.values()]
        lines.append(f"| {tier} | {' | '.join(f'{figure:.0f}' for figure in figures)} |")
    sums = [median(sum(each.values()) for each in rounds) for rounds in columns.values()]
    lines.append(f"| all | {' | '.join(f'{figure:.0f}' for figure in sums)} |")
    return [*lines, "", *(would_take(kind, least, sides) for kind, least in LEAST_RATIO.items())]


def would_take(kind: str, least: int, sides: dict[str, Found]) -> str:
    """What is left to us of the CPU where it has to be so many times the peer's."""
    peer = median(sum(each.values()) for each in sides["peer"].cpu[kind])
    ours = sides["PixelTrack"].cpu[kind]
    around = median(each["nginx"] + each["wrk"] for each in ours)
    return (
        f"- {least} times the peer's {kind}s on the same cores means {peer / least:.0f} µs for "
        f"each in all, of which NGINX and wrk take {around:.0f} before PixelTrack sees it."
    )


def functions(profile) -> list[str]:
    lines = ["| function | itself | with what it calls |", "|---|---|---|"]
    for function, share in list(profile.itself.items())[:FUNCTIONS]:
        lines.append(f"| `{function}` | {share:.1%} | {profile.within[function]:.1%} |")
    return lines
