"""Hits that Redis answered for a moment ago, and takes with it if it is killed now.

With `appendfsync everysec`, Redis holds its writes back while a sync of the disk is under way, for
up to two seconds, and answers all the same. So whoever finds that another Redis process answers,
or none, gives the hits of the last seconds to the spool as well: by their event ids they count
once, wherever they are found.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from itertools import starmap
from typing import NamedTuple

from tracking.hit import Hit

HELD_BACK_S = 2.0  # at most, before Redis writes although the disk is busy
KEPT_S = HELD_BACK_S + 0.5


class PackedHit(NamedTuple):
    """What is left of a hit; the spool needs no more."""

    event_id: bytes
    packed: bytes


class Unconfirmed:
    """What this process has of them, and by which run of Redis they were taken.

    They are many, and each lives for seconds: kept as objects, they took the processor's caches and
    the garbage collector's time from the hits that come.
    """

    def __init__(self):
        # (when, event ids, what is packed)
        self._groups: deque[tuple[float, list[bytes], list[bytes]]] = deque()
        self._put_back: list[PackedHit] = []  # they don't grow old
        self._run_id: str | None = None
        self._lock = threading.Lock()  # threads of the plain view share it

    def add(self, hits: Sequence[Hit | PackedHit]):
        """These are in the stream. Those that are older are written by now."""
        event_ids, packed = [hit.event_id for hit in hits], [hit.packed for hit in hits]
        if not event_ids:
            return
        now = time.monotonic()
        with self._lock:
            self._groups.append((now, event_ids, packed))
            while self._groups[0][0] < now - KEPT_S:
                self._groups.popleft()

    def lost_with(self, run_id: str | None) -> list[PackedHit]:
        """Those that may be lost, seeing that this run of Redis answers (None: none does).

        They are handed out once. Put them back where nobody could take them.
        """
        with self._lock:
            before, self._run_id = self._run_id, run_id or self._run_id
            lost, self._put_back = self._put_back, []
            if run_id is None or run_id != before:
                for _, event_ids, packed in self._groups:
                    lost += starmap(PackedHit, zip(event_ids, packed, strict=True))
                self._groups.clear()
            return lost

    def put_back(self, hits: list[PackedHit]):
        with self._lock:
            self._put_back += hits

    @property
    def owes(self) -> bool:
        """Whether something was put back."""
        return bool(self._put_back)
