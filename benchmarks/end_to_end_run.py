"""Pixels of one side at a rate that it keeps up: what it has taken in is recorded as fast as more
comes."""

import resource
import subprocess
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from math import sqrt
from pathlib import Path
from statistics import median

import redis

from benchmarks.end_to_end_sides import Ours, Together
from benchmarks.page_views_sides import took
from benchmarks.pixel_run import SCRIPT
from benchmarks.pixel_sides import found_by_wrk, length_of_answer
from benchmarks.wrk import GRACE_S, PATIENCE_S
from tests.api import STREAM
from tests.services import find
from tests.wire import exchange, request

PROBE_S, DRAIN_S, EVERY_S = 4, 600.0, 0.25
FASTER, SLOWER, CLOSE = 1.2, 0.9, 1.1
LASTING = 0.95  # of the highest rate of a few seconds
MOST_TRIES, MOST_LONG_TRIES, TWICE = 3, 2, 2
PEERS_SHARE = 0.25  # of the time, before and again after, for who can't fall behind
READERS = 2_000  # distinct User-Agents: people share them
# A lag is told by its oldest entry: one of a batch that is being recorded is not behind.
NOISE_S = 0.5


class Lag:
    """Of the stream, looked at four times a second: (seconds since it began to look, age of the
    oldest entry in seconds, entries)."""

    def __init__(self, connection: redis.Redis):
        self.seen: list[tuple[float, float, int]] = []
        self._connection, self._over = connection, threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._over.set()
        self._thread.join()
        self._connection.close()

    def _look(self):
        began = time.monotonic()
        while not self._over.wait(EVERY_S):
            entries = self._connection.xlen(STREAM)
            oldest = self._connection.xrange(STREAM, count=1)
            age = time.time() - int(oldest[0][0].split(b"-")[0]) / 1000 if oldest else 0.0
            self.seen.append((time.monotonic() - began, max(age, 0.0), entries))

    def between(self, first: float, last: float) -> float:
        """The median age at that time."""
        return median([age for at, age, _ in self.seen if first <= at < last] or [0.0])


@dataclass
class Run:
    """At one rate; CPU in µs for each answer, until the last of them is recorded."""

    offered: float  # a second; 0: as fast as it answers
    seconds: int
    answers: int
    p50: float  # ms
    p99: float
    cpu: dict[str, float]
    behind: float  # seconds until the last one was recorded, from when wrk has ended
    lag: Lag | None

    @property
    def rate(self) -> float:
        return self.answers / self.seconds

    @property
    def middle(self) -> float:
        return self.lag.between(self.seconds / 3, self.seconds * 2 / 3)

    @property
    def end(self) -> float:
        return self.lag.between(self.seconds * 2 / 3, self.seconds)

    @property
    def is_answered(self) -> bool:
        return self.rate >= 0.98 * self.offered

    @property
    def is_recorded(self) -> bool:
        return self.is_answered and self.behind <= NOISE_S

    @property
    def keeps_up(self) -> bool:
        return self.end <= self.middle + NOISE_S and self.is_answered


@dataclass
class Outcome:
    side: Together
    tries: list[Run] = field(default_factory=list)
    acknowledged: int = 0
    kept: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def last(self) -> Run:
        return self.tries[-1]


class Sender:
    """wrk, on no core of its own; each request is for a pixel that nobody has fetched."""

    more = (f"readers={READERS}",)  # that pixel.lua is told

    def __init__(self, side: Together, tokens: Path, count: int, options):
        self.side, self.tokens, self.options = side, tokens, options
        self.outcome = Outcome(side)
        self._next, self._count = 1, count
        with tokens.open() as lines:
            path = f"/p/{next(lines).strip()}.gif"
        answer = exchange(side.url, request("GET", path))
        self._length = length_of_answer(answer, side.picture)
        self.outcome.acknowledged = 1

    def send(self, seconds: int, offered: float = 0) -> Run:
        before = self._used()
        if isinstance(self.side, Ours):
            with Lag(self.side.stack.connect_redis()) as lag:
                sent = self._wrk(seconds, offered)
            behind = took(partial(self.side.stack.settle, within=DRAIN_S))
        else:
            lag, sent, behind = None, self._wrk(seconds, offered), 0.0
        used, answers = self._used(), sent["answers"]
        cpu = {name: (used[name] - before[name]) / answers * 1e6 for name in used}
        run = Run(offered, seconds, answers, sent["p50"], sent["p99"], cpu, behind, lag)
        self.outcome.tries.append(run)
        return run

    def _used(self) -> dict[str, float]:
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return self.side.used() | {"wrk": ended.ru_utime + ended.ru_stime}

    def _wrk(self, seconds: int, offered: float) -> dict:
        command = [find("wrk"), "--threads", "1", "--connections", self.options.connections]
        command += ["--timeout", f"{PATIENCE_S}s", "--duration", f"{seconds + GRACE_S}s"]
        command += ["--script", SCRIPT, self.side.url, "--", self.tokens, 0]
        command += [self._count, seconds, self._next, *self.more, *([offered] if offered else [])]
        done = subprocess.run([*map(str, command)], check=True, capture_output=True, text=True)
        sent, problems = found_by_wrk(done.stdout), self.outcome.problems
        answers = sent["answers"]
        self.outcome.acknowledged += answers
        self._next += answers
        if sent["refused"] or sent["broken"] or sent["bytes"] != answers * self._length:
            problems.append(f"an answer was not the right one: {sent}")
        if not self.has_pixels:
            problems.append("there were too few pixels (--pixels)")
        return sent

    @property
    def has_pixels(self) -> bool:
        return self._next < self._count


def compare(ours: Sender, peer: Sender, options) -> list[Outcome]:
    """The peer has its turn before and after, and what counts is the better one of its two: the
    machine's host may have been slower during the other."""
    peer.send(PROBE_S)
    seconds = round(options.seconds * PEERS_SHARE)
    before = peer.send(seconds)
    ours.send(PROBE_S)
    find_rate(ours, options)
    after = peer.send(seconds)
    peer.outcome.tries.append(max(before, after, key=lambda run: run.rate))
    return [counted(ours), counted(peer)]


def counted(sender: Sender) -> Outcome:
    """With what is kept of it."""
    outcome = sender.outcome
    outcome.kept = sender.side.openings()
    if outcome.kept != outcome.acknowledged:
        outcome.problems.append(
            f"{outcome.acknowledged} openings were acknowledged, {outcome.kept} are kept"
        )
    return outcome


def find_rate(sender: Sender, options):
    """What was recorded of the probe in its time is a rate that both cores can do. From there up to
    one that they can't, halfway back and so on, and then whether nearly the highest one lasts.

    In the few seconds of a try a lag hardly grows, so that there it counts what is left to record
    in the end; and one that fails is repeated, because others may have had the cores meanwhile.
    """
    probe = sender.outcome.last
    low, high, rate = 0.0, None, probe.answers / (probe.seconds + GRACE_S + probe.behind)
    for _ in range(MOST_TRIES):
        if any(sender.send(options.step, rate).is_recorded for _ in range(TWICE)):
            low = rate
        else:
            high = rate
        if low and high and high / low < CLOSE:
            break
        rate = sqrt(low * high) if low and high else low * FASTER or high / FASTER
    rate = (low or rate) * LASTING
    for _ in range(MOST_LONG_TRIES):
        if sender.send(options.seconds, rate).keeps_up or not sender.has_pixels:
            break
        rate *= SLOWER
