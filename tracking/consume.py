"""The consumer: hits from the stream and from this host's spool into the database."""

import logging
import time

from tracking import spool
from tracking.metrics import SPOOL_UNREADABLE
from tracking.record import Recorded
from tracking.settle import settle
from tracking.stream import Entry, StreamReader

logger = logging.getLogger(__name__)

BATCH_HITS = 500
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
        """One batch from the stream, and what waits in the spool. Returns how many hits.

        Where Redis or the database fails, the same batch is tried again by the next call.
        """
        return self.replay_spool() + self.consume_stream()

    def consume_stream(self) -> int:
        """Read one batch, record it, acknowledge it."""
        self._held = self._held or self.gather()
        if not self._held:
            return 0
        packed = [item for entry in self._held for item in entry.packed.items()]
        recorded = settle(packed)
        self.stream.correct_filter(corrections(recorded))
        self.stream.acknowledge(self._held)
        self._held = []
        return len(packed)

    def gather(self) -> list[Entry]:
        """A batch: what a dead consumer left, else new entries until there are enough or it is
        time."""
        if time.monotonic() >= self._claims_at:
            self._claims_at = time.monotonic() + CLAIM_EVERY_S
            if claimed := self.stream.claim(BATCH_HITS):
                logger.warning("Took over %d entries that a consumer had left.", len(claimed))
                return claimed
        entries = self.stream.read(BATCH_HITS, IDLE_MS)
        deadline = time.monotonic() + BATCH_MS / 1000
        while entries and sum(len(entry.packed) for entry in entries) < BATCH_HITS:
            left = round((deadline - time.monotonic()) * 1000)
            if left <= 0:
                break
            entries += self.stream.read(BATCH_HITS, left)
        return entries

    def replay_spool(self) -> int:
        """Record what waits in the spool files of this host that nobody writes any more."""
        return sum(replay_file(path) for path in spool.waiting_files())


def replay_file(path) -> int:
    file = spool.SpoolFile.lock(path)
    if file is None:
        return 0
    replayed = 0
    try:
        for batch in file.batches(BATCH_HITS):
            settle(batch.packed)
            file.replayed_to(batch.end)
            replayed += len(batch.packed)
            if batch.unreadable:
                SPOOL_UNREADABLE.inc(batch.unreadable)
                logger.error("Skipped %d unreadable lines of the spool.", batch.unreadable)
        file.remove()
    finally:
        file.release()
    return replayed


def corrections(recorded: list[Recorded]):
    """What the filter must learn: it let through what turned out to be refreshes."""
    return [(each.hit, each.counted_at) for each in recorded if each.counted_at is not None]
