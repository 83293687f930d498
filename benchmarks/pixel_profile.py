"""What the web process does for a pixel: microseconds by the file of the code that is running."""

import re
from collections import Counter
from pathlib import Path
from statistics import median

from benchmarks import py_spy
from benchmarks.pixel_run import Runner

SECONDS = 3  # of requests, in windows as those of the rounds
FILE = re.compile(r"\((.*)\)$")
FILES = 16  # that are told
LOOP = "asyncio/runners.py"
# Whatever runs outside of Python is counted as the function that has called it.
OUTSIDE = {
    LOOP: "the event loop, which is C: epoll, reading and writing sockets, with the kernel",
    "uvicorn/protocols/http/httptools_impl.py": "with the parser, httptools, which is C",
    "campaigns/token.py": "with base64",
    "campaigns/fernet_reader.py": "with HMAC and AES, by cryptography",
}


def profile_of(runner: Runner, folder: Path) -> py_spy.Profile:
    """While it answers, after its rounds: py-spy slows it down, so that shares are what counts."""
    [*_, worker] = runner.pids()
    with py_spy.running(worker, folder, SECONDS - 1) as profile:
        for _ in range(SECONDS):
            runner.warm_up()
    return profile()


def by_file(profile: py_spy.Profile) -> list[tuple[str, float]]:
    """(file, share of the time in its own code), most first."""
    shares = Counter()
    for function, share in profile.itself.items():
        found = FILE.search(function)
        shares[found[1] if found else function] += share
    return shares.most_common()


def profile_table(profile: py_spy.Profile, runner: Runner) -> list[str]:
    cost = median(runner.found.cpu)
    found = by_file(profile)
    told, others = found[:FILES], found[FILES:]
    lines = ["| code | of the time | µs for each | |", "|---|---|---|---|"]
    for file, share in told:
        lines.append(f"| `{file}` | {share:.1%} | {share * cost:.1f} | {OUTSIDE.get(file, '')} |")
    rest = sum(share for _, share in others)
    return [*lines, f"| {len(others)} other files | {rest:.1%} | {rest * cost:.1f} | |"]
