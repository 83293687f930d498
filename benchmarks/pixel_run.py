"""Pixels of each side, measured in turn."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.page_views_sides import cpu_seconds, family
from benchmarks.pixel_sides import OTHER_CORE, PixelTrack, Side, found_by_wrk, length_of_answer
from benchmarks.wrk import GRACE_S, PATIENCE_S
from tests.services import find
from tests.wire import exchange, request

SCRIPT = Path(__file__).with_name("pixel.lua")
# Of the pixels, the first is for a look at the answer; those that are fetched again and again come
# next, and then all others.
REFRESHED = 500
NEW_ONES = 1 + REFRESHED
WARM_UP_S = 1


@dataclass
class Found:
    """What was measured, once in every round."""

    rates: list[float] = field(default_factory=list)  # answers a second
    cpu: list[float] = field(default_factory=list)  # µs of the web server for each
    p50: list[float] = field(default_factory=list)  # ms
    p99: list[float] = field(default_factory=list)
    answers: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return median(self.rates)


class Runner:
    """Sends requests for new pixels to one side, or for the same ones again."""

    def __init__(self, side: Side, tokens: Path, count: int, options, refreshes=False):
        self.side, self.tokens, self.options = side, tokens, options
        self.refreshes, self.found = refreshes, Found()
        self._next, self._count = NEW_ONES, count
        self._length = 0  # of an answer, in bytes

    @property
    def name(self) -> str:
        return self.side.name + (", refreshes" if self.refreshes else "")

    def start_with(self, path: str):
        """A pixel of its own, by which the answer is known byte by byte."""
        self._length = length_of_answer(exchange(self.side.url, request("GET", path)))

    def warm_up(self):
        self._send(WARM_UP_S)

    def run(self):
        web, found = family(self.side.web), self.found
        before = sum(map(cpu_seconds, web))
        answers, sent = self._send(self.options.seconds)
        found.cpu.append((sum(map(cpu_seconds, web)) - before) / answers * 1e6)
        found.rates.append(answers / self.options.seconds)
        found.p50.append(sent["p50"])
        found.p99.append(sent["p99"])

    def _send(self, seconds: int) -> tuple[int, dict]:
        if isinstance(self.side, PixelTrack):
            self.side.rest(True)
        sent = self._wrk(*self._places(), seconds)
        answers, found = sent["answers"], self.found
        found.answers += answers
        self._next += answers
        if sent["refused"] or sent["broken"] or sent["bytes"] != answers * self._length:
            found.problems.append(f"an answer was not the right one: {sent}")
        if self._next > self._count and self._needs_new_ones:
            found.problems.append("there were too few pixels (--pixels)")
        return answers, sent

    @property
    def _needs_new_ones(self) -> bool:
        return self.side.looks_at_pixels and not self.refreshes

    def _places(self) -> tuple[int, int]:
        """The first of the pixels that are fetched next, and how many there are."""
        if self.refreshes:
            return 1, REFRESHED
        return (self._next, self._count - self._next) if self._needs_new_ones else (0, self._count)

    def _wrk(self, first: int, count: int, seconds: int) -> dict:
        command = ["taskset", "-c", OTHER_CORE, find("wrk"), "--threads", "1"]
        command += ["--connections", str(self.options.connections)]
        command += ["--timeout", f"{PATIENCE_S}s", "--duration", f"{seconds + GRACE_S}s"]
        command += ["--script", SCRIPT, self.side.url, "--", self.tokens]
        command += map(str, (first, count, seconds))
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return found_by_wrk(done.stdout)


def check_openings(side: Side, runners: list[Runner]):
    """That what was acknowledged is kept: of what was fetched again and again, once."""
    expected = 1 + sum(
        REFRESHED if runner.refreshes else runner.found.answers for runner in runners
    )
    kept = side.openings()
    if kept is not None and kept != expected:
        runners[0].found.problems.append(f"{expected} openings were acknowledged, {kept} are kept")
