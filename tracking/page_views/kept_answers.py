"""Answers of `GET /stats`, kept in Redis for a second, so that many who ask cost one query.

Without Redis they are found in the database each time; without the database there is none.
"""

import asyncio
import time
from contextlib import suppress
from functools import lru_cache

from django.conf import settings
from django_redis import get_redis_connection
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff

from tracking.collect import REDIS_ERRORS
from tracking.page_views.finder import Finder, find
from tracking.page_views.reply import Refused
from tracking.page_views.statistics import Question

KEPT_MS = 1_000
MOST_KEPT_HERE = 256  # answers, in the memory of a process
MOST_BYTES_HERE = 16 * 2**20  # of them together: one about a thousand pages may have megabytes
NOT_KEPT = (b"", 0.0)


def key_of(question: Question) -> str:
    return f"stats:{question.key}"


def answer(question: Question) -> bytes:
    """The answer as JSON. Raises Refused where the database is away."""
    redis = get_redis_connection("figures")
    with suppress(*REDIS_ERRORS):
        if kept := redis.get(key_of(question)):
            return kept
    found = find(question)
    with suppress(*REDIS_ERRORS):
        redis.set(key_of(question), found, px=KEPT_MS)
    return found


@lru_cache(64)
def key_of_query(query: bytes) -> str | None:
    """None where it may mean other hours by now."""
    question = Question.read(query)
    return None if question.hours else question.key


class KeptAnswers:
    """`answer` for an event loop: those who ask the same at the same time share one answer, and so
    do those who ask this process while Redis keeps it."""

    def __init__(self):
        self._redis = AsyncRedis.from_url(
            settings.REDIS_URL,
            **settings.REDIS_HOT | {"retry": AsyncRetry(NoBackoff(), 0)},
        )
        self._finder = Finder()
        self._finding: dict[str, asyncio.Task] = {}
        self._here: dict[str, tuple[bytes, float]] = {}  # answer, until when (monotonic seconds)
        self._bytes_here = 0

    def here(self, query: bytes) -> bytes | None:
        """What this process still keeps of the answer to a query; None where it has to be asked."""
        with suppress(Refused):
            kept, until = self._here.get(key_of_query(query), NOT_KEPT)
            return kept if time.monotonic() < until else None
        return None

    async def answer(self, question: Question) -> bytes:
        kept, until = self._here.get(question.key, NOT_KEPT)
        if time.monotonic() < until:
            return kept
        finding = self._finding.get(question.key)
        if finding is None:
            finding = self._finding[question.key] = asyncio.create_task(self._find(question))
        return await asyncio.shield(finding)  # who asked first may go away

    async def _find(self, question: Question) -> bytes:
        try:
            with suppress(*REDIS_ERRORS):
                if kept := await self._redis.get(key_of(question)):
                    return self._keep(question, kept, await self._redis.pttl(key_of(question)))
            found = await self._finder.find(question)
            with suppress(*REDIS_ERRORS):
                await self._redis.set(key_of(question), found, px=KEPT_MS)
                self._keep(question, found, KEPT_MS)
            return found
        finally:
            del self._finding[question.key]

    def _keep(self, question: Question, found: bytes, left_ms: int) -> bytes:
        self._bytes_here += len(found)
        if len(self._here) >= MOST_KEPT_HERE or self._bytes_here > MOST_BYTES_HERE:
            self._here.clear()
            self._bytes_here = len(found)
        self._here[question.key] = found, time.monotonic() + left_ms / 1000
        return found

    async def close(self):
        self._finder.close()
        await self._redis.aclose()
