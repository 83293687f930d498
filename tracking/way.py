"""What this process knows of each Redis that takes hits: whether to ask it, whether to spare it,
and what it may take with it when it dies."""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial

from redis.exceptions import ClusterDownError, MovedError, ReadOnlyError, RedisError
from redis.exceptions import ConnectionError as ConnectionLost

from tracking import nodes
from tracking.breaker import Breaker
from tracking.fallback import fallback, name_of
from tracking.hit import Hit
from tracking.metrics import BREAKER_OPEN
from tracking.outcome import Outcome
from tracking.unconfirmed import Unconfirmed

logger = logging.getLogger(__name__)

GROUP_SIZE = 200  # hits in one call of the script, which holds up Redis while it runs
MEASURE_EVERY_S = 0.25
REDIS_ERRORS = (RedisError, OSError)
SHOWN = BREAKER_OPEN.labels("redis")  # from the beginning
# Redis is gone, or is no primary any more: another may have taken its place.
GONE = (ConnectionLost, MovedError, ReadOnlyError, ClusterDownError)


class Way:
    """Into one node."""

    def __init__(self, tell: Callable[[bool], None] = lambda is_open: None):
        self.breaker = Breaker(tell=tell)
        self.full: set[type] = set()  # the kinds of hits to spare it
        self.unconfirmed = Unconfirmed()
        self._measure_at = 0.0

    def is_to_measure(self) -> bool:
        if self.breaker.is_open or time.monotonic() < self._measure_at:
            return False
        self._measure_at = time.monotonic() + MEASURE_EVERY_S
        return True

    def took(self, hits: list[Hit], appended: list[bool]) -> list[Outcome]:
        """Redis answered: per hit what became of it."""
        self.unconfirmed.add([hit for hit, each in zip(hits, appended, strict=True) if each])
        return [Outcome.STORED if each else Outcome.REFRESH for each in appended]

    def failed(self, error: Exception) -> bool:
        """Whether it is worth while to look at once what has become of Redis."""
        if not self.breaker.is_open:
            logger.warning("Redis takes no hits (%s); the others are asked.", name_of(error))
        self.breaker.failed()
        self.full = set()  # as far as is known; it is measured when Redis is back
        return isinstance(error, GONE)

    def save_unconfirmed(self, run_id: str | None):
        """Give to the spool what Redis may have taken with it, seeing which run of it answers."""
        lost = self.unconfirmed.lost_with(run_id)
        for start in range(0, len(lost), GROUP_SIZE):
            if fallback().take_to_spool(lost[start : start + GROUP_SIZE]) is None:
                self.unconfirmed.put_back(lost[start:])
                return


class Ways:
    """Of all nodes, which fail one by one."""

    def __init__(self):
        self._ways: dict[str, Way] = {}
        self._lock = threading.Lock()
        self._failing: set[str] = set()  # nodes, as their breakers tell
        self._telling = threading.Lock()

    def to(self, node: str) -> Way:
        with self._lock:
            return self._ways.setdefault(node, Way(partial(self._tell, node)))

    def _tell(self, node: str, is_open: bool):
        """One node that fails is enough to be told of."""
        with self._telling:
            (self._failing.add if is_open else self._failing.discard)(node)
            SHOWN.set(bool(self._failing))

    def look(self):
        """Ask the cluster anew who holds what. A node that holds nothing any more may have taken
        hits with it: another took its place without them. Raises RedisError."""
        nodes.look()
        holders = nodes.shards_by_node()
        with self._lock:
            left = [way for node, way in self._ways.items() if node not in holders]
        for way in left:
            way.save_unconfirmed(None)

    def forget(self):
        """As a process that begins: for tests."""
        self._ways.clear()


ways = Ways()
