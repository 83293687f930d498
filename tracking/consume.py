"""The consumer: hits from the stream into the database, batch by batch."""

import logging
import time

from tracking.metrics import RECORDED
from tracking.record import Recorded, record
from tracking.retry import is_unavailable
from tracking.stream import Entry, StreamReader

logger = logging.getLogger(__name__)

BATCH_HITS = 500
BATCH_MS = 200  # how long the first hit of a batch waits for company
IDLE_MS = 1000  # how long an idle consumer waits before it looks whether it is to stop
CLAIM_EVERY_S = 15


class Consumer:
    def __init__(self, name: str):
        self.stream = StreamReader(name)
        self._claims_at = 0.0  # at once: another may have died before this one came
        self._held: list[Entry] = []  # read, and not recorded yet

    def open(self):
        self.stream.open()

    def close(self):
        self.stream.close()

    def step(self) -> int:
        """Read one batch, record it, acknowledge it. Returns how many hits it held.

        Where Redis or the database fails, the same batch is tried again by the next call.
        """
        self._held = self._held or self.gather()
        if not self._held:
            return 0
        done, recorded = settle(self._held)
        self.stream.correct_filter(corrections(recorded))
        self.stream.acknowledge(done)
        self._held = []
        for each in recorded:
            RECORDED.labels(each.decision).inc()
        return len(recorded)

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


def settle(entries: list[Entry]) -> tuple[list[Entry], list[Recorded]]:
    """The entries that may be acknowledged, and what became of their hits."""
    try:
        return entries, record([hit for entry in entries for hit in entry.hits()])
    except Exception as error:
        if is_unavailable(error):
            raise
        return settle_singly(entries)


def settle_singly(entries) -> tuple[list[Entry], list[Recorded]]:
    """Entry by entry, so that one which can't be recorded keeps no other back."""
    done, recorded = [], []
    for entry in entries:
        try:
            recorded += record(entry.hits())
            done.append(entry)
        except Exception as error:
            if is_unavailable(error):
                raise
            # It stays in the stream, and is tried again when it is claimed as left behind.
            name = type(error).__name__
            logger.error("Entry %s can't be recorded (%s).", entry.id.decode(), name)
    return done, recorded


def corrections(recorded: list[Recorded]):
    """What the filter must learn: it let through what turned out to be refreshes."""
    return [(each.hit, each.counted_at) for each in recorded if each.counted_at is not None]
