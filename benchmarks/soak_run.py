"""Half of what a PixelTrack can take in, for long, and the memory of its processes meanwhile."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.end_to_end_run import PROBE_S, Outcome, Run, Sender, find_rate
from benchmarks.end_to_end_sides import Ours
from benchmarks.soak_memory import Memory
from tests.importers import BEATS, WORKERS, Importers
from tests.services import Service
from tracking.rules import PIXEL_LIMIT

SHARE = 0.5  # of the highest rate
TROUBLE = re.compile(r"^.*(?:Traceback|CRITICAL|\bERROR\b|Fatal).*$", re.MULTILINE)
SHOWN = 3  # lines of a log


class Whole(Ours):
    """With the worker and the beat, as in life."""

    def start(self):
        super().start()
        self.importers = self._ending.enter_context(Importers(self.stack, self.folder))
        self.importers.start(WORKERS[0], BEATS[0])

    def services(self) -> dict[str, Service]:
        others = self.importers.services
        return super().services() | {"worker": others[WORKERS[0]], "beat": others[BEATS[0]]}

    def logged(self) -> list[str]:
        """What its processes, and MariaDB, say of errors."""
        return [
            f"the log of {name}: {line.strip()[:200]}"
            for name, service in self.services().items()
            for line in TROUBLE.findall(service.text())[:SHOWN]
        ]


class SoakSender(Sender):
    """By so many User-Agents as there may be in life. A pixel is asked for again when all have
    been, by another reader; but not so often that it would be taken for somebody who rotates
    them."""

    def __init__(self, side: Whole, tokens: Path, count: int, options):
        super().__init__(side, tokens, count, options)
        self.more = (f"readers={options.readers}",)

    @property
    def has_pixels(self) -> bool:
        return self._next < self._count * min(PIXEL_LIMIT, self.options.readers)


@dataclass
class Found:
    outcome: Outcome
    memory: Memory
    peak: Run | None = None  # None: the rate was given
    logged: list[str] = field(default_factory=list)  # of errors

    @property
    def run(self) -> Run:
        return self.outcome.last


def soak(side: Whole, tokens: Path, count: int, options) -> Found:
    seconds = round(options.minutes * 60)
    memory = Memory(side, seconds)
    sender = SoakSender(side, tokens, count, options)
    found, rate = Found(sender.outcome, memory), options.rate
    if not rate:
        sender.send(PROBE_S)
        find_rate(sender, options)
        found.peak = found.run
        rate = found.peak.rate * SHARE
    with memory:
        sender.send(seconds, rate)
    sender.outcome.kept = side.openings()
    found.logged = side.logged()
    return found
