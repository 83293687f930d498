"""What takes hits when Redis does not: the database, and where that fails, the spool.

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
from tracking.hit import Hit
from tracking.outcome import Outcome
from tracking.record import Decision, record
from tracking.spool import SpoolWriter

logger = logging.getLogger(__name__)

# More would be paid by every hit in flight when Redis fails: with 200 ms, the ledger's p99 is
# 204 ms in place of 48. What the database does take later counts once all the same.
DATABASE_BUDGET_S = 0.03
SQLITE_BUDGET_MS = 20  # for the write lock, which an import may hold for long


class Database:
    """Records a group of hits in a thread of its own, which a hanging database may keep."""

    def __init__(self):
        self._breaker = Breaker()
        self._thread = ThreadPoolExecutor(1, "record")
        self._overdue: Future | None = None

    def take(self, hits: list[Hit]) -> list[Outcome] | None:
        """Per hit what became of it; None where the database did not answer in time."""
        known_bad = self._breaker.is_open
        if (self._overdue and not self._overdue.done()) or not self._breaker.allows():
            return None
        attempt = self._thread.submit(record_directly, hits)
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


def record_directly(hits):
    try:
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"PRAGMA busy_timeout = {SQLITE_BUDGET_MS}")
        return record(hits)
    finally:
        close_old_connections()


class Fallback:
    """The database, then the spool. Never raises."""

    def __init__(self):
        self.database = Database()
        self.spool = SpoolWriter()

    def take(self, hits: list[Hit]) -> list[Outcome]:
        try:
            outcomes = self.database.take(hits)
        except Exception as error:  # a hit that the database refuses: the consumer sorts it out
            logger.warning("The database refused a group of hits (%s).", name_of(error))
            outcomes = None
        return outcomes or self.take_to_spool(hits)

    def take_to_spool(self, hits: list[Hit]) -> list[Outcome]:
        try:
            self.spool.write(hits)
        except OSError as error:
            logger.error("Lost %d hits: the spool did not take them (%s).", len(hits), error)
            return [Outcome.LOST] * len(hits)
        return [Outcome.SPOOLED] * len(hits)

    def close(self):
        self.spool.close()


def name_of(error: Exception) -> str:
    """Its text might hold what no log may."""
    return type(error).__name__


@cache
def fallback() -> Fallback:
    """This process's one."""
    return Fallback()
