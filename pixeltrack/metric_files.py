"""The files in which the processes of a machine keep their numbers, so that any of them can tell
the numbers of all: prometheus_client's multiprocess mode."""

import fcntl
import logging
import os
import struct
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

logger = logging.getLogger(__name__)

ADDED_UP = ("counter", "histogram", "summary")
ALL_ENDED = 0  # in the place of a process id
TORN = (RuntimeError, struct.error, ValueError)
PATIENCE_S = 1.0
TICK_S = 0.01


class MetricFiles:
    """Those of one folder. The files of processes that have ended are added up into one for each
    kind: else each restart would leave some, and every scrape would read them all."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._ended: set[int] = set()

    @classmethod
    def shared(cls) -> "MetricFiles | None":
        """Those that this process writes; None where it keeps its numbers to itself."""
        folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        return cls(Path(folder)) if folder else None

    def collect(self) -> list[Metric]:
        with self._lock() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            # One that was just created is empty for a moment.
            files = [str(path) for path in self.folder.glob("*.db") if path.stat().st_size]
            return list(MultiProcessCollector.merge(files))

    def has_ended(self, pid: int):
        """Add up what this process has counted; what it has measured says nothing any more."""
        self._ended.add(pid)
        with self._lock() as lock:
            if not taken(lock):  # by a reader that does not go on; the next end does both
                return
            for each in self._ended:
                self._add_up(each)
        self._ended.clear()

    @contextmanager
    def _lock(self) -> Iterator:
        with open(self.folder / "lock", "a") as lock:
            yield lock

    def _add_up(self, pid: int):
        for path in self.folder.glob(f"gauge_*_{pid}.db"):
            path.unlink()
        for kind in ADDED_UP:
            own = self.folder / f"{kind}_{pid}.db"
            if own.exists():
                self._add_to_all(own, self.folder / f"{kind}_{ALL_ENDED}.db")
                own.unlink()

    def _add_to_all(self, own: Path, all_ended: Path):
        sums = defaultdict(float)
        for path in (all_ended, own):
            for key, value in values_of(path):
                sums[key] += value
        new = self.folder / "new"
        new.unlink(missing_ok=True)
        written = MmapedDict(str(new))
        for key, value in sums.items():
            written.write_value(key, value, 0.0)
        written.close()
        new.replace(all_ended)


def taken(lock) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(TICK_S)


def values_of(path: Path) -> list[tuple[str, float]]:
    """None of a file that is missing, or that its process had no time to write."""
    try:
        return [(key, value) for key, value, *_ in MmapedDict.read_all_values_from_file(str(path))]
    except FileNotFoundError:
        return []
    except TORN as error:
        logger.error("Metrics of a process are lost (%s).", type(error).__name__)
        return []
