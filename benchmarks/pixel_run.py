"""Pixels of each side, measured in turn."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from statistics import median

from benchmarks.page_views_sides import cpu_seconds, family
from benchmarks.pixel_sides import (
    OTHER_CORE,
    PixelTrack,
    Side,
    Tokens,
    found_by_wrk,
    length_of_answer,
)
from benchmarks.wrk import PATIENCE_S
from tests.services import find
from tests.wire import exchange, request

SCRIPT = Path(__file__).with_name("pixel.lua")
# Of the pixels, the first is for a look at the answer; those that are fetched again and again come
# next, and then all others.
REFRESHED = 500
NEW_ONES = 1 + REFRESHED
WARM_UP_S = 1
GRACE_S = 0.5  # for the answers to what was sent last; wrk counts in whole seconds


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
    """Sends requests for new pixels to one side."""

    def __init__(self, side: Side, tokens: Tokens, connections: int, seconds: float):
        self.side, self.tokens, self.found = side, side.tokens(tokens), Found()
        self.connections, self.seconds = connections, seconds
        self._length = 0  # of an answer, in bytes

    @property
    def name(self) -> str:
        return self.side.name

    def start(self):
        """With a pixel of its own, by which the answer is known byte by byte."""
        path = f"/p/{self.tokens.one}.gif"
        answer = exchange(self.side.url, request("GET", path))
        self._length = length_of_answer(answer, self.side.picture)

    def warm_up(self):
        self._send(WARM_UP_S)

    def pids(self) -> list[int]:
        """Of what answers, the process that has started the others first."""
        return family(self.side.web)

    def run(self):
        web, found = self.pids(), self.found
        before = sum(map(cpu_seconds, web))
        answers, sent = self._send(self.seconds)
        found.cpu.append((sum(map(cpu_seconds, web)) - before) / answers * 1e6)
        found.rates.append(answers / self.seconds)
        found.p50.append(sent["p50"])
        found.p99.append(sent["p99"])

    def _send(self, seconds: float) -> tuple[int, dict]:
        if isinstance(self.side, PixelTrack):
            self.side.rest(True)
        sent = self._wrk(seconds)
        answers, found = sent["answers"], self.found
        found.answers += answers
        self._count(answers)
        if sent["refused"] or sent["broken"] or sent["bytes"] != answers * self._length:
            found.problems.append(f"an answer was not the right one: {sent}")
        found.problems += self._problems()
        return answers, sent

    def _count(self, answers: int):
        self.side.sent += answers

    def _problems(self) -> Iterator[str]:
        if self.side.looks_at_pixels and self.side.sent > self.tokens.count - NEW_ONES:
            yield "there were too few pixels (--pixels)"

    def _pixels(self) -> list:
        """The first of them, how many there are, and where among them it goes on."""
        return [NEW_ONES, self.tokens.count - NEW_ONES, self.side.sent]

    def _wrk(self, seconds: float) -> dict:
        command = ["taskset", "-c", OTHER_CORE, find("wrk"), "--threads", "1"]
        command += ["--connections", str(self.connections)]
        command += ["--timeout", f"{PATIENCE_S}s", "--duration", f"{ceil(seconds + GRACE_S)}s"]
        command += ["--script", SCRIPT, self.side.url, "--", self.tokens.file]
        first, count, *more = self._pixels()
        command += map(str, (first, count, seconds, *more))
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return found_by_wrk(done.stdout)

    def openings(self) -> int:
        """That must be kept of what was acknowledged."""
        return self.found.answers


class Refreshes(Runner):
    """The same pixels again and again, each by its reader."""

    @property
    def name(self) -> str:
        return f"{self.side.name}, refreshes"

    def _count(self, answers: int):
        pass

    def _problems(self) -> Iterator[str]:
        return iter(())

    def _pixels(self) -> list:
        return [1, REFRESHED, 0, "again"]

    def openings(self) -> int:
        return REFRESHED


class Crowd(Runner):
    """So many connections, after the side was measured by itself: its pixels were fetched before,
    but by other readers, so that no request is a refresh."""

    @property
    def name(self) -> str:
        return f"{self.side.name}, {self.connections} connections"

    def _problems(self) -> Iterator[str]:
        return iter(())


def ratio_of(found: Found, other: Found) -> float:
    """The median of the rounds, in each of which both had the same machine."""
    return median(its / others for its, others in zip(found.rates, other.rates, strict=True))


def check_openings(side: Side, runners: list[Runner]):
    """That what was acknowledged is kept."""
    expected = 1 + sum(runner.openings() for runner in runners)
    kept = side.openings()
    if kept is not None and kept != expected:
        runners[0].found.problems.append(f"{expected} openings were acknowledged, {kept} are kept")
