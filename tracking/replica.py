"""The database's replica: figures that are only told are read there, where one is named.

What decides, what is permitted and what is written stays with the primary, as does what is read
within a transaction. A replica that fails or lags costs nobody an answer: the primary gives it.
"""

import logging
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS as PRIMARY
from django.db import Error as DatabaseError
from django.db import connections
from django.utils import timezone

from tracking.breaker import Breaker
from tracking.fallback import name_of
from tracking.models import ReplicaMark

logger = logging.getLogger(__name__)

REPLICA = "replica"
REST_S = 5.0
# A replica further behind is left alone: figures that old would be taken for a mistake.
MOST_BEHIND = timedelta(seconds=10)
MARK_EVERY_S = 1.0

Answer = TypeVar("Answer")
breaker = Breaker(REST_S)
_is_reading: ContextVar[bool] = ContextVar("is_reading", default=False)


class ReplicaRouter:
    """See settings.DATABASE_ROUTERS. An object that was read there is still the primary's."""

    def db_for_read(self, model, **hints):
        return REPLICA if _is_reading.get() else PRIMARY

    def db_for_write(self, model, **hints):
        return PRIMARY

    def allow_relation(self, one, other, **hints):
        return True

    def allow_migrate(self, database, app_label, **hints):
        return database != REPLICA


class Behind(Exception):
    """The replica lacks what is older than figures may be."""


def is_named() -> bool:
    return REPLICA in settings.DATABASES


def from_replica(read: Callable[[datetime], Answer]) -> Answer:
    """`read(as_of)`, whose queries go to the replica where it is well, else to the primary. All
    that was committed before `as_of` is in what it reads."""
    if is_named() and not connections[PRIMARY].in_atomic_block and breaker.allows():
        try:
            with reading():
                answer = read(marked())
            breaker.succeeded()
            return answer
        except (DatabaseError, Behind) as error:
            logger.warning("The primary answers for its replica (%s).", name_of(error))
            breaker.failed()
            with suppress(DatabaseError):
                connections[REPLICA].close()
    return read(timezone.now())


@contextmanager
def reading():
    before = _is_reading.set(True)
    try:
        yield
    finally:
        _is_reading.reset(before)


def marked() -> datetime:
    """Up to when the replica has everything; to be read before all else."""
    at = ReplicaMark.objects.told()
    if at is None or at < timezone.now() - MOST_BEHIND:
        raise Behind
    return at


class Marker:
    """A consumer's: marks the primary every second, so that its replica can tell how far it has
    come. What it says itself, Seconds_Behind_Master, is 0 also where it hears nothing any more."""

    def __init__(self):
        self._due = 0.0  # monotonic

    def mark(self):
        """Raises DatabaseError."""
        if is_named() and time.monotonic() >= self._due:
            self._due = time.monotonic() + MARK_EVERY_S
            ReplicaMark.objects.put(timezone.now())
