"""Collect: make a hit safe, then say what became of it. The reply waits for this."""

import asyncio
import logging
from enum import StrEnum

from redis.exceptions import RedisError

from tracking import stream
from tracking.hit import Hit
from tracking.metrics import COLLECTED

logger = logging.getLogger(__name__)

GROUP_SIZE = 500  # hits in one call of the script, which holds up Redis while it runs


class Outcome(StrEnum):
    STORED = "stored"
    REFRESH = "refresh"
    UNKNOWN = "unknown"  # the token is none of ours
    LOST = "lost"


def collect(hit: Hit | None) -> Outcome:
    """Take in one hit; None stands for one whose token was not ours."""
    if hit is None:
        return count(Outcome.UNKNOWN)
    try:
        [appended] = stream.append([hit])
    except (RedisError, OSError) as error:
        return lose(1, error)
    return count(outcome_of(appended))


class GroupCommit:
    """`collect` for an event loop: hits that arrive during one round trip share the next."""

    def __init__(self):
        self._appender = stream.AsyncAppender()
        self._waiting: list[tuple[Hit, asyncio.Future]] = []
        self._committing: asyncio.Task | None = None

    async def collect(self, hit: Hit | None) -> Outcome:
        if hit is None:
            return count(Outcome.UNKNOWN)
        hit.packed  # noqa: B018 - here, where it fails for one hit alone, not for its group
        outcome = asyncio.get_running_loop().create_future()
        self._waiting.append((hit, outcome))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_all())
        return await outcome

    async def _commit_all(self):
        try:
            while self._waiting:
                group = self._waiting[:GROUP_SIZE]
                del self._waiting[:GROUP_SIZE]
                await self._commit(group)
        finally:
            self._committing = None

    async def _commit(self, group):
        """Settles every future of the group, whatever happens."""
        try:
            appended = await self._appender.append([hit for hit, _ in group])
            outcomes = [count(outcome_of(answer)) for answer in appended]
        except Exception as error:
            outcomes = [lose(len(group), error)] * len(group)
        for (_, future), outcome in zip(group, outcomes, strict=True):
            if not future.done():  # its client may have gone
                future.set_result(outcome)

    async def close(self):
        """Finish what is in flight."""
        if self._committing:
            await self._committing
        await self._appender.close()


def outcome_of(appended: bool) -> Outcome:
    return Outcome.STORED if appended else Outcome.REFRESH


def count(outcome: Outcome, hits: int = 1) -> Outcome:
    COLLECTED.labels(outcome).inc(hits)
    return outcome


def lose(hits: int, error: Exception) -> Outcome:
    """The name of the error only: its text might hold what no log may."""
    logger.error("Lost %d hits: %s.", hits, type(error).__name__)
    return count(Outcome.LOST, hits)
