"""The consumer: hits from the stream and from this host's spool into the database."""

import logging
import time
from itertools import accumulate

from tracking import spool
from tracking.decision import Decision, Recorded
from tracking.hit import Hit
from tracking.metrics import SPOOL_UNREADABLE
from tracking.settle import settle
from tracking.stream import Entry, StreamReader

logger = logging.getLogger(__name__)

BATCH_HITS = 500
READ_ENTRIES = 8  # at a time; each may hold hundreds of hits
NO_OPENING = {
    Decision.REFRESH,
    Decision.ERASED,
    Decision.OFF,
    Decision.CLOSED,
    Decision.LIMIT,
    Decision.TOO_OLD,
}
BATCH_MS = 200  # how long the first hit of a batch waits for company
IDLE_MS = 1000  # how long an idle consumer waits before it looks whether it is to stop
CLAIM_EVERY_S = 2


class Consumer:
    def __init__(self, name: str):
        self.stream = StreamReader(name)
        self._claims_at = 0.0  # at once: another may have died before this one came
        self._held: list[Entry] = []  # read, and not recorded yet

    def close(self):
        self.stream.close()

    def step(self) -> int:
        """One batch from the spool and one from the stream. Returns how many hits.

        Where Redis or the database fails, the same batch is tried again by the next call.
        """
        replayed = self.replay_spool()
        return replayed + self.consume_stream(wait_ms=0 if replayed else IDLE_MS)

    def consume_stream(self, wait_ms: int) -> int:
        """Read one batch, record it, acknowledge it."""
        self._held = self._held or self.gather(wait_ms)
        if not self._held:
            return 0
        hits = 0
        while self._held:
            # In portions, so that no other consumer takes the rest over as left behind.
            portion = first_hits(self._held)
            packed = [item for entry in portion for item in entry.packed.items()]
            recorded = settle(packed)
            self.stream.correct_filter(corrections(recorded))
            self.stream.acknowledge(portion)
            self._held = self._held[len(portion) :]
            hits += len(packed)
        return hits

    def gather(self, wait_ms: int = IDLE_MS) -> list[Entry]:
        """A batch: what a dead consumer left, else new entries until there are enough or it is
        time."""
        if time.monotonic() >= self._claims_at:
            if claimed := self.stream.claim(READ_ENTRIES):
                logger.warning("Took over %d entries that a consumer had left.", len(claimed))
                return claimed  # and look for more of them in the next step
            self._claims_at = time.monotonic() + CLAIM_EVERY_S
        entries = self.stream.read(READ_ENTRIES, wait_ms)
        deadline = time.monotonic() + BATCH_MS / 1000
        while entries and sum(len(entry.packed) for entry in entries) < BATCH_HITS:
            left = round((deadline - time.monotonic()) * 1000)
            if left <= 0:
                break
            entries += self.stream.read(READ_ENTRIES, left)
        return entries

    def replay_spool(self) -> int:
        """Record a batch of what waits in the spool files of this host that nobody writes any
        more; several files where they are small."""
        replayed = 0
        for path in spool.waiting_files():
            if replayed >= BATCH_HITS:
                break
            replayed += replay_part(path)
        return replayed


def first_hits(entries: list[Entry]) -> list[Entry]:
    """The first of them, until they hold a batch of hits."""
    sums = accumulate(len(entry.packed) for entry in entries)
    enough = next((number for number, hits in enumerate(sums, 1) if hits >= BATCH_HITS), None)
    return entries[:enough]


def replay_part(path) -> int:
    """The next batch of a spool file, which goes when it was the last one.

    All of them where no checkpoint can be written: the next call would begin at the first again.
    """
    file = spool.SpoolFile.lock(path)
    if file is None:
        return 0
    replayed, is_kept = 0, False
    try:
        while not is_kept:
            batch = file.next_batch(BATCH_HITS)
            settle(batch.packed)
            replayed += len(batch.packed)
            is_kept = file.replayed_to(batch.end) or batch.is_last
            if batch.unreadable:
                SPOOL_UNREADABLE.inc(batch.unreadable)
                logger.error("Skipped %d unreadable lines of the spool.", batch.unreadable)
        if batch.is_last:
            file.remove()
        return replayed
    finally:
        file.release()


def corrections(recorded: list[Recorded]) -> list[tuple[Hit, int | None]]:
    """What the filter must learn of the hits that it took for openings: when the opening was
    whose refresh they were, or that they count for nothing."""
    of_pixels = (each for each in recorded if isinstance(each.hit, Hit))
    return [(each.hit, each.counted_at) for each in of_pixels if each.decision in NO_OPENING]
