"""Page views of PixelTrack and of its peer, measured in turn."""

import re
import resource
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

from benchmarks import py_spy
from benchmarks.page_views_sides import Side, took
from benchmarks.wrk import GRACE_S, Load, load
from tests.stack import Stack

COMMANDS = {"write": "send_multiple_tracks", "read": "read_multiple_tracks"}
PATHS = {"write": "track", "read": "stats"}
IN_PYTHON = ("web", "consumer")
WARM_UP_S = 1
SUMMARY = re.compile(
    r"(\d+) requests, (\d+) errors: average ([\d.]+) ms, p50 ([\d.]+) ms, p99 ([\d.]+) ms"
)


@dataclass(frozen=True)
class Times:
    """What a command has measured, in milliseconds."""

    count: int
    average: float
    p50: float
    p99: float


@dataclass
class Found:
    """What was measured of one side: of each kind, "write" and "read", once in every round."""

    sequential: dict[str, list[Times]] = field(default_factory=lambda: defaultdict(list))
    loads: dict[str, list[Load]] = field(default_factory=lambda: defaultdict(list))
    # Tier → microseconds of CPU for each request.
    cpu: dict[str, list[dict[str, float]]] = field(default_factory=lambda: defaultdict(list))
    recorded: list[float] = field(default_factory=list)  # views/s until the last was in its table
    acknowledged: int = 0
    rows: int = 0
    problems: list[str] = field(default_factory=list)
    profiles: dict[str, py_spy.Profile] = field(default_factory=dict)

    def average(self, kind: str) -> float:
        return median(times.average for times in self.sequential[kind])

    def rate(self, kind: str) -> float:
        return median(load.rate for load in self.loads[kind])


class Runner:
    """Measures one side."""

    def __init__(self, side: Side, stack: Stack, options):
        self.side, self.stack, self.options, self.found = side, stack, options, Found()

    def warm_up(self):
        for kind in PATHS:
            self.load(kind, WARM_UP_S)
        self.side.settle()

    def run_one_by_one(self, kind: str):
        told = self.stack.manage(
            *[COMMANDS[kind], "--url", self.side.url, "--count", str(self.options.count), "--quiet"]
        )
        count, errors, *times = SUMMARY.search(told).groups()
        assert errors == "0", told
        self.found.sequential[kind].append(Times(int(count), *map(float, times)))
        if kind == "write":
            self.found.acknowledged += int(count)
        self.side.settle()

    def run_many_at_once(self, kind: str):
        before, settling = self.cpu(), 0.0
        done = self.load(kind, self.options.seconds)
        if kind == "write":
            settling = took(self.side.settle)
            # wrk has waited for the last answers for a while in which others went on.
            self.found.recorded.append(done.taken / (done.seconds + GRACE_S + settling))
        after = self.cpu()
        spent = {tier: (after[tier] - before[tier]) * 1e6 / done.taken for tier in after}
        self.found.cpu[kind].append(spent)
        self.found.loads[kind].append(done)

    def load(self, kind: str, seconds: int) -> Load:
        done = load(self.side.url, PATHS[kind], self.options.clients, seconds)
        if kind == "write":
            self.found.acknowledged += done.taken
        if done.refused or done.broken:
            self.found.problems.append(f"{kind}: {done.refused} refused, {done.broken} broken off")
        return done

    def cpu(self) -> dict[str, float]:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return self.side.cpu() | {"wrk": used.ru_utime + used.ru_stime}

    def profile(self, kind: str):
        """Where one process of each tier in Python spends its time."""
        with ExitStack() as recorders:
            recorded = {
                tier: recorders.enter_context(self.recorder(pids[-1]))
                for tier, pids in self.side.pids().items()
                if tier in IN_PYTHON and (kind == "write" or tier == "web")
            }
            self.load(kind, self.options.seconds)
        for tier, read in recorded.items():
            self.found.profiles[f"{tier}, {kind}s"] = read()
        self.side.settle()

    def recorder(self, pid: int):
        return py_spy.running(pid, self.side.folder, self.options.seconds)

    def count_rows(self):
        found = self.found
        found.rows = self.side.rows()
        if found.rows != found.acknowledged:
            found.problems.append(
                f"{found.acknowledged} acknowledged, {found.rows} in the database"
            )
        found.problems += self.side.problems()
