"""What takes hits when Redis does not: the database, and where that fails, the spool.

Where the disk is full as well, the database is asked once more, with more patience. Page views
ask it only then: they come by the hundred, which takes longer than the hits of pixels may wait.

The hits keep their event ids all the way, because a store that did not answer in time may have
taken them all the same.
"""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from functools import cache

from django.db import Error as DatabaseError
from django.db import close_old_connections, connection

from tracking.breaker import Breaker
from tracking.decision import Decision
from tracking.hit import Hit
from tracking.kinds import record_all
from tracking.metrics import BREAKER_OPEN
from tracking.outcome import Outcome
from tracking.page_views.hit import ViewHit
from tracking.spool import SpoolWriter, disk_is_low

logger = logging.getLogger(__name__)

# More would be paid by every hit in flight when Redis fails: with 200 ms, the ledger's p99 is
# 204 ms in place of 48. What the database does take later counts once all the same.
DATABASE_BUDGET_S = 0.03
LAST_RESORT_S = 1.0  # where the disk takes nothing either: late is better than lost
SQLITE_BUDGET_MS = 20  # for the write lock, which an import may hold for long


class Database:
    """Records a group of hits in a thread of its own, which a hanging database may keep."""

    def __init__(self):
        self._breaker = Breaker(tell=BREAKER_OPEN.labels("database").set)
        self._thread = ThreadPoolExecutor(1, "record")
        self._overdue: Future | None = None

    def take(self, hits: list[Hit]) -> list[Outcome] | None:
        """Per hit what became of it; None where the database did not answer in time."""
        known_bad = self._breaker.is_open
        if (self._overdue and not self._overdue.done()) or not self._breaker.allows():
            return None
        attempt = self._thread.submit(record_directly, hits, SQLITE_BUDGET_MS)
        if known_bad:  # these hits are its trial, and don't wait for it: the spool has them too
            self._overdue = attempt
            attempt.add_done_callback(self._tried)
            return None
        try:
            recorded = attempt.result(DATABASE_BUDGET_S)
        except (TookTooLong, DatabaseError) as error:
            if not attempt.cancel():
                self._overdue = attempt
            self._breaker.failed()
            logger.warning("The database took no hits (%s); the disk does.", name_of(error))
            return None
        return self._took(recorded)

    def insist(self, hits: list[Hit]) -> list[Outcome] | None:
        """`take` with patience, also of a database that has failed: no other store is left.

        What an overdue attempt has recorded of the same hits counts once all the same.
        """
        attempt = self._thread.submit(record_directly, hits, int(LAST_RESORT_S * 1000))
        try:
            return self._took(attempt.result(LAST_RESORT_S))
        except (TookTooLong, DatabaseError):
            attempt.cancel()
            return None

    def _took(self, recorded) -> list[Outcome]:
        self._breaker.succeeded()
        return [
            Outcome.REFRESH if each.decision == Decision.REFRESH else Outcome.DATABASE
            for each in recorded
        ]

    def _tried(self, attempt: Future):
        if attempt.cancelled() or attempt.exception():
            self._breaker.failed()
        else:
            self._breaker.succeeded()


def record_directly(hits, sqlite_budget_ms):
    try:
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"PRAGMA busy_timeout = {sqlite_budget_ms}")
        return record_all(hits)
    finally:
        close_old_connections()


class Fallback:
    """The database, the spool, the database once more. Never raises; None where all refuse."""

    def __init__(self):
        self.database = Database()
        self._for_views = Database()  # where they are many, no pixel waits for this thread
        self.spool = SpoolWriter()

    def take(self, hits: list[Hit] | list[ViewHit]) -> list[Outcome] | None:
        if isinstance(hits[0], ViewHit):  # as are the others: a group holds one kind
            spooled = None if must_spare_disk(hits) else self.take_to_spool(hits)
            return spooled or self._ask(self._for_views.insist, hits)
        return (
            self._ask(self.database.take, hits)
            or self.take_to_spool(hits)
            or self._ask(self.database.insist, hits)
        )

    def _ask(self, verb, hits) -> list[Outcome] | None:
        try:
            return verb(hits)
        except Exception as error:  # a hit that the database refuses: the consumer sorts it out
            logger.warning("The database refused a group of hits (%s).", name_of(error))
            return None

    def take_to_spool(self, hits: list[Hit]) -> list[Outcome] | None:
        """None where the disk did not take them."""
        try:
            self.spool.write(hits)
        except OSError as error:
            logger.warning("The disk took no hits (%s).", error)
            return None
        return [Outcome.SPOOLED] * len(hits)

    def close(self):
        self.spool.close()


def must_spare_disk(hits: list[Hit] | list[ViewHit]) -> bool:
    """What is left of a disk that runs low is for pixels: page views can be sent again, and whoever
    likes may send them."""
    return isinstance(hits[0], ViewHit) and disk_is_low()


def lose(hits: int, why: str) -> list[Outcome]:
    logger.error("Lost %d hits: %s.", hits, why)
    return [Outcome.LOST] * hits


def name_of(error: Exception) -> str:
    """Its text might hold what no log may."""
    return type(error).__name__


@cache
def fallback() -> Fallback:
    """This process's one."""
    return Fallback()
