"""Transactions that the database asks to be tried again."""

import functools
import logging

from django.db import DataError, IntegrityError, OperationalError, close_old_connections, connection
from django.db import Error as DatabaseError

logger = logging.getLogger(__name__)

TRIES = 5
# MySQL: lock wait timeout, deadlock, server has gone away, connection lost during query.
TRANSIENT = (1205, 1213, 2006, 2013)
# "Incorrect value", of a moment or a number: MySQL files them under operational errors, and they
# lie in the data.
DATA_FAULTS = (1292, 1366)


def is_unavailable(error: Exception) -> bool:
    """The database's own trouble (out of reach, locked, not migrated), which will pass, and not
    that of what it was given."""
    if not isinstance(error, DatabaseError) or isinstance(error, (DataError, IntegrityError)):
        return False
    return error.args[:1] not in [(fault,) for fault in DATA_FAULTS]


def is_transient(error: OperationalError) -> bool:
    return bool(error.args) and error.args[0] in TRANSIENT


def retry_transaction(transaction):
    """Call the whole transaction again where the database undid it through no fault of its own.

    Only around the outermost one: a part of a transaction that was undone can't be tried again.
    """

    @functools.wraps(transaction)
    def tried(*args, **kwargs):
        for attempt in range(1, TRIES + 1):
            try:
                return transaction(*args, **kwargs)
            except OperationalError as error:
                if attempt == TRIES or connection.in_atomic_block or not is_transient(error):
                    raise
                logger.warning("Trying a transaction again after error %s.", error.args[0])
                close_old_connections()
        raise AssertionError("unreachable")

    return tried


def retry_overtaken(transaction):
    """Call the whole transaction again where others were faster, so that it looks again at what
    is there. The IntegrityError of the last try is raised."""

    @functools.wraps(transaction)
    def tried(*args, **kwargs):
        for attempt in range(1, TRIES + 1):
            try:
                return transaction(*args, **kwargs)
            except IntegrityError:
                if attempt == TRIES:
                    raise
        raise AssertionError("unreachable")

    return tried
