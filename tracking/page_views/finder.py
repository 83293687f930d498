"""Finds the figures in the database, for `kept_answers`."""

import asyncio
import json
import logging
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import Error as DatabaseError
from django.db import close_old_connections

from tracking.fallback import name_of
from tracking.page_views.reply import Refused
from tracking.page_views.statistics import Question
from tracking.replica import from_replica

logger = logging.getLogger(__name__)

THREADS = 2
WITHIN_S = 5  # whoever asks has given up by then, or soon will
MOST_ASKED = 64  # questions that wait or are being answered; what is more would wait in vain


def find(question: Question) -> bytes:
    """The answer as JSON. Raises Refused where the database is away."""
    try:
        return json.dumps(from_replica(question.answer)).encode()
    except DatabaseError as error:
        logger.warning("No figures of page views (%s).", name_of(error))
        raise unavailable() from None


def unavailable() -> Refused:
    return Refused(503, "unavailable", "The figures can't be read right now. Ask again later.")


class Finder:
    """`find` for an event loop, in threads of its own: a database that hangs keeps them, and only
    them."""

    def __init__(self):
        self._threads = ThreadPoolExecutor(THREADS, "figures")
        self._asked: set[Future] = set()

    async def find(self, question: Question) -> bytes:
        """Raises Refused also where the answer does not come in time; its thread may go on."""
        if len(self._asked) >= MOST_ASKED:
            raise unavailable()
        asked = self._threads.submit(find_in_thread, question)
        self._asked.add(asked)
        asked.add_done_callback(self._asked.discard)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(asked), WITHIN_S)
        except TimeoutError:  # it is cancelled, unless a thread has begun with it
            logger.warning("No figures of page views within %s s.", WITHIN_S)
            raise unavailable() from None

    def close(self):
        """Wait for no answer: the database may hang."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def find_in_thread(question: Question) -> bytes:
    close_old_connections()
    try:
        return find(question)
    finally:
        close_old_connections()
