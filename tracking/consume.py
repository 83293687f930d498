"""The consumer: hits from the streams and from this host's spool into the database."""

import logging
import time
from itertools import accumulate

from tracking import spool
from tracking.decision import Decision, Recorded
from tracking.fallback import name_of
from tracking.hit import Hit
from tracking.kinds import KINDS, NAMES
from tracking.metrics import BATCH_HITS as HITS_AT_ONCE
from tracking.metrics import BATCH_SECONDS, SPOOL_UNREADABLE
from tracking.page_views.hit import ViewHit
from tracking.settle import settle
from tracking.stream_reader import Entry, StreamReader

logger = logging.getLogger(__name__)

BATCH_HITS = 1_000
READ_ENTRIES = 16  # at a time; each may hold hundreds of hits
NO_OPENING = {
    Decision.REFRESH,
    Decision.ERASED,
    Decision.OFF,
    Decision.CLOSED,
    Decision.LIMIT,
    Decision.TOO_OLD,
}
# From batch to batch: a hit waits so long for company, unless it has waited for the batch before.
BATCH_MS = 100
IDLE_MS = 1000  # how long an idle consumer waits before it looks whether it is to stop
CLAIM_EVERY_S = 2
BATCH_SIZES = {kind: HITS_AT_ONCE.labels(NAMES[kind]) for kind in KINDS}
BATCH_TIMES = {kind: BATCH_SECONDS.labels(NAMES[kind]) for kind in KINDS}


class Consumer:
    """Pixels go before page views, of which never more than one batch is recorded in between."""

    def __init__(self, name: str):
        self.stream = StreamReader(name)
        self._claims_at = 0.0  # at once: another may have died before this one came
        self._gathered_at = 0.0
        self._held = {kind: [] for kind in KINDS}  # entries that are read, and not recorded yet

    def close(self):
        self.stream.close()

    def step(self) -> int:
        """One batch from the spool and one of each kind from the streams. Returns how many hits.

        Where Redis or the database fails, the same batches are tried again by the next call.
        """
        replayed = self.replay_spool()
        return replayed + self.consume_streams(wait_ms=0 if replayed else IDLE_MS)

    def consume_streams(self, wait_ms: int) -> int:
        """Read what there is, record all pixels and one batch of page views."""
        if not self._held[Hit]:
            for entry in self.gather(wait_ms):
                held = self._held[entry.kind]
                if entry not in held:  # what is held for long, this one claims from itself
                    held.append(entry)
        hits = 0
        while self._held[Hit]:
            hits += self.record_first(self._held[Hit])
        return hits + self.record_first(self._held[ViewHit])

    def record_first(self, held: list[Entry]) -> int:
        """Record the first batch of these entries, acknowledge it, and let it go.

        In portions, so that no other consumer takes the rest over as left behind.
        """
        portion = first_hits(held)
        packed = [item for entry in portion for item in entry.packed.items()]
        if portion:
            begun = time.monotonic()
            recorded = settle(packed)
            BATCH_TIMES[portion[0].kind].observe(time.monotonic() - begun)
            BATCH_SIZES[portion[0].kind].observe(len(packed))
            self.stream.finish(portion, corrections(recorded))
            del held[: len(portion)]
        return len(packed)

    def gather(self, wait_ms: int = IDLE_MS) -> list[Entry]:
        """What a dead consumer left, else new entries until there are enough or it is time. Page
        views that are held already are enough of them."""
        if time.monotonic() >= self._claims_at:
            if claimed := self.stream.claim(READ_ENTRIES):
                logger.warning("Took over %d entries that a consumer had left.", len(claimed))
                return claimed  # and look for more of them in the next step
            self._claims_at = time.monotonic() + CLAIM_EVERY_S
        if self._held[ViewHit]:
            return self.stream.read(READ_ENTRIES, 0, [Hit])
        entries = self.stream.read(READ_ENTRIES, wait_ms)
        deadline = self._gathered_at + BATCH_MS / 1000
        while entries and sum(len(entry.packed) for entry in entries) < BATCH_HITS:
            left_ms = max(round((deadline - time.monotonic()) * 1000), 0)
            more = self.stream.read(READ_ENTRIES, left_ms)
            entries += more
            if not left_ms and len(more) < READ_ENTRIES:  # all that has waited is here
                break
        self._gathered_at = time.monotonic()
        return entries

    def replay_spool(self) -> int:
        """Record a batch of what waits in the spool files of this host that nobody writes any
        more; several files where they are small. One that can't be read keeps nothing else back."""
        replayed = 0
        for path in spool.waiting_files():
            if replayed >= BATCH_HITS:
                break
            try:
                replayed += replay_part(path)
            except OSError as error:  # another user's, perhaps
                logger.error("%s can't be replayed (%s).", path, name_of(error))
        return replayed


def first_hits(entries: list[Entry]) -> list[Entry]:
    """As many of them as hold a batch of hits, and no more: the rest of one hit would cost as much
    as a hundred do. At least one."""
    sums = accumulate(len(entry.packed) for entry in entries)
    return entries[: max(sum(hits <= BATCH_HITS for hits in sums), 1)]


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
