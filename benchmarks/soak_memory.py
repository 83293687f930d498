"""The memory of a PixelTrack's processes over time, and what of it they hold on purpose."""

import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from threading import Event, Thread

from tqdm import tqdm

from benchmarks.end_to_end_sides import Ours
from benchmarks.idle import hold
from benchmarks.page_views_sides import family
from benchmarks.statistics_campaign import Database
from tests.memory import MEGABYTE

EVERY_S, LEAST_SAMPLES = 10.0, 18
MORE_SHARE, MORE_BYTES = 0.05, 5 * MEGABYTE  # than in the middle third is growth
POOL = "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_bytes_data'"


@dataclass(frozen=True)
class Sample:
    at: float  # seconds since the begin
    pss: dict[str, int]  # bytes, by process with its children
    keys: int  # in Redis
    pool: int  # bytes of data in MariaDB's buffer pool


class Memory:
    """Of the processes of a side; use it as a context, which looks again and again."""

    def __init__(self, side: Ours, seconds: float):
        self.side, self.seconds = side, seconds
        self.samples: list[Sample] = []
        self.problems: list[str] = []
        self._over, self._thread = Event(), Thread(target=self._look)
        self._redis, self._database = side.stack.connect_redis(), Database(side.stack)
        self._began = time.monotonic()
        self.base = self.look()  # before

    def __enter__(self):
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._over.set()
        self._thread.join()
        self._redis.close()
        self._database.close()

    def _look(self):
        every = min(EVERY_S, self.seconds / LEAST_SAMPLES)
        with tqdm(total=round(self.seconds), desc="soaked", unit="s") as bar:
            while not self._over.wait(every):
                sample = self.look()
                if sample.at > self.seconds:  # what was sent is being recorded
                    return
                self.samples.append(sample)
                bar.update(round(sample.at) - bar.n)

    def look(self) -> Sample:
        [(_, pool)] = self._database.run(POOL)
        services = self.side.services().items()
        pss = {name: sum(map(pss_of, family(service))) for name, service in services}
        return Sample(time.monotonic() - self._began, pss, self._redis.dbsize(), int(pool))

    def thirds(self, what) -> tuple[float, float]:
        """Medians of `what(sample)` in the middle third of the time and in the last."""
        bounds = (self.seconds / 3, self.seconds * 2 / 3, self.seconds + 1)
        middle, last = (
            [what(sample) for sample in self.samples if first <= sample.at < end]
            for first, end in pairwise(bounds)
        )
        return median(middle), median(last)


def pss_of(pid: int) -> int:
    with suppress(OSError):  # one that has just ended
        return hold(pid).kinds["Pss"]
    return 0


def is_flat(middle: float, last: float) -> bool:
    return last <= middle + max(MORE_SHARE * middle, MORE_BYTES)
