"""What `make run` takes when nothing happens, and how soon its first pixel is answered. `make
prove` runs it.

    python -m benchmarks.idle [--starts 5]

The launcher itself is started, with SQLite and the embedded Redis, in a folder of its own. The
results go to benchmarks/IDLE.md. Exits with 1 if something does not hold.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.machine import made_on
from benchmarks.page_views_report import Verdict
from benchmarks.page_views_sides import family
from pixeltrack.embedded_redis import find_redis_server
from tests.services import ROOT, Service, bare_environment, free_port, listens
from tests.wire import exchange, request

RESULTS = Path(__file__).parent / "IDLE.md"
MOST_MB, MOST_S = 400, 5
REST_S = 20  # until what the start took is given back, and nothing more comes
START_S = 300.0  # with all that a first start has to set up, on a slow machine
KINDS = ("Pss", "Rss", "Private")
HEAD = """\
# `make run`, idle

Made by `python -m benchmarks.idle --starts {starts}` on {day}:
{machine}, {cores} cores. Python {python}, Django {django}, gunicorn {gunicorn}, {redis}. Load
average of the machine before it began: {load:.1f}. An idle one has 0; other work beside it makes a
start take longer.

`python -m pixeltrack.launcher`, what `make run` ends in, as a newcomer gets it: SQLite, the
embedded Redis, {web} web processes, in a new folder. After the set-up and its first start it is
started {starts} times more; the files that it reads are in the page cache.

## What was to hold

{verdicts}

## Memory

{rest} s after the last start, with one pixel answered and nothing else asked, by a client that was
there before: the first new User-Agent has the consumer load the rules for their names, 26 MB more.
The worker is beat as well. *PSS* divides what
several processes share by their number, so that its sum is what all of them take; *RSS* counts it
for each of them; *private* is what would be free if that process ended. MB are 2^20 bytes.

| process | PSS | RSS | private |
|---|---|---|---|
{memory}

## Start

From the launcher's start to the answer to a pixel, which is in the Redis by then; seconds:
{times}. Median {middle:.2f}; the set-up with its start took {first:.1f}.

When what was there, in the median start:

| | seconds |
|---|---|
{steps}
"""


@dataclass
class Held:
    """By one process; bytes."""

    name: str
    kinds: dict[str, int]


@dataclass
class Found:
    first: float  # seconds, with the set-up
    starts: list[dict[str, float]]  # what was there after how many seconds
    held: list[Held]

    @property
    def middle(self) -> float:
        return median(steps["a pixel"] for steps in self.starts)

    def all(self, kind: str) -> int:
        return sum(each.kinds[kind] for each in self.held)


def main() -> int:
    options = parsed()
    options.load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="pixeltrack-") as folder:
        found = measure(Path(folder), options.starts)
    options.results.write_text(report(found, options))
    failed = [verdict for verdict in judged(found) if not verdict.holds]
    for verdict in failed:
        print(f"DOES NOT HOLD: {verdict.text}", file=sys.stderr)
    return bool(failed)


def measure(folder: Path, starts: int) -> Found:
    port = free_port()
    environment = bare_environment(
        PORT=str(port), PIXEL_VAR_DIR=str(folder / "var"), PIXEL_ENV_FILE=str(folder / "env")
    )
    command = [sys.executable, "-m", "pixeltrack.bootstrap"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    launcher = Service("run", [sys.executable, "-m", "pixeltrack.launcher"], folder, environment)
    began = time.monotonic()
    with started(launcher):
        launcher.wait_for(lambda: "/p/" in launcher.text(), within=START_S)
        first = time.monotonic() - began
        pixel = re.search(r"(/p/\S+\.gif)", launcher.text())[1]
    url, found = f"http://127.0.0.1:{port}", []
    for number in range(1, starts + 1):
        before, began = len(launcher.text()), time.monotonic()
        with started(launcher):
            found.append({name: at - began for name, at in steps(launcher, folder, url, pixel)})
            if number == starts:
                wait_until_ready(launcher, before)
                time.sleep(REST_S)
                held = [hold(pid) for pid in family(launcher)]
    return Found(first, found, held)


@contextmanager
def started(launcher: Service):
    launcher.start()
    try:
        yield
    finally:
        launcher.stop(signal.SIGINT)


def wait_until_ready(launcher: Service, before: int):
    """`before`: characters that it had said. A start before may have ended without saying it."""
    launcher.wait_for(lambda: "PixelTrack is running." in launcher.text()[before:])


def steps(launcher: Service, folder: Path, url: str, pixel: str) -> Iterator[tuple[str, float]]:
    def reached(what: str, condition: Callable) -> tuple[str, float]:
        launcher.wait_for(condition, within=START_S)
        return what, time.monotonic()

    port = int(url.rpartition(":")[2])
    yield reached("Redis", (folder / "var" / "redis.sock").exists)
    yield reached("the web server's port", lambda: listens(port))
    answer = exchange(url, request("GET", pixel))
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    assert b"GIF89a" in answer, answer
    yield "a pixel", time.monotonic()


def hold(pid: int) -> Held:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {name: int(size.split()[0]) * 1024 for name, size in (s.split(":") for s in lines)}
    sizes["Private"] = sizes["Private_Clean"] + sizes["Private_Dirty"]
    return Held(name_of(pid), {kind: sizes[kind] for kind in KINDS})


def name_of(pid: int) -> str:
    """What the Procfile calls it."""
    line = Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ")
    marks = {
        "pixeltrack.launcher": "launcher",
        "gunicorn": "web",
        "redis-server": "redis",
        " consume": "consumer",
        " worker ": "worker",  # with beat in it
    }
    return next((name for mark, name in marks.items() if mark in line), line[:40])


def judged(found: Found) -> Iterator[Verdict]:
    memory = found.all("Pss") / 2**20
    yield Verdict(memory <= MOST_MB, f"memory of all: {memory:.0f} MB (at most {MOST_MB})")
    start = f"start to first pixel: {found.middle:.2f} s (at most {MOST_S})"
    yield Verdict(found.middle <= MOST_S, start)


def report(found: Found, options) -> str:
    rows = [*found.held, Held("**all**", {kind: found.all(kind) for kind in KINDS})]
    middle = sorted(found.starts, key=lambda steps: steps["a pixel"])[len(found.starts) // 2]
    redis = [find_redis_server(), "--version"]
    version = subprocess.run(redis, capture_output=True, text=True, check=True).stdout
    return HEAD.format(
        starts=options.starts,
        redis="Redis " + re.search(r"v=(\S+)", version)[1],
        load=options.load,
        web=sum(each.name == "web" for each in found.held) - 1,
        verdicts="\n".join(
            f"- {'reached' if each.holds else '**not reached**'}: {each.text}"
            for each in judged(found)
        ),
        rest=REST_S,
        memory="\n".join(
            f"| {each.name} | {' | '.join(f'{each.kinds[k] / 2**20:.0f}' for k in KINDS)} |"
            for each in rows
        ),
        times=", ".join(f"{steps['a pixel']:.2f}" for steps in found.starts),
        middle=found.middle,
        first=found.first,
        steps="\n".join(f"| {name} | {seconds:.2f} |" for name, seconds in middle.items()),
        **made_on(),
    )


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.idle", description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: %(default)s")
    options = parser.parse_args()
    if options.starts < 2:
        parser.error("--starts from 2: in the first of them the client is new")
    return options


if __name__ == "__main__":
    sys.exit(main())
