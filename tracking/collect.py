"""Collect: make a hit safe, then say what became of it. The reply waits for this.

First choice is Redis. Under pressure (its stream or memory nears the limit) it is spared, and hits
go to the spool, unless the disk refuses them too; where Redis fails, they go to the fallback.
"""

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError, TimeoutError

from tracking import stream
from tracking.breaker import Breaker
from tracking.fallback import fallback, lose, must_spare_disk, name_of
from tracking.hit import Hit
from tracking.metrics import BREAKER_OPEN, COLLECTED, COLLECTED_VIEWS
from tracking.outcome import Outcome
from tracking.page_views.hit import ViewHit
from tracking.unconfirmed import Unconfirmed

logger = logging.getLogger(__name__)

GROUP_SIZE = 500  # hits in one call of the script, which holds up Redis while it runs
MEASURE_EVERY_S = 0.25

# Each from the beginning, so that the first one lost is seen as an increase; and looking a label
# up takes as long as counting.
COUNTERS = {outcome: COLLECTED.labels(outcome) for outcome in Outcome}
VIEW_COUNTERS = {outcome: COLLECTED_VIEWS.labels(outcome) for outcome in Outcome}

NOBODY = "no store took them"
REDIS_ERRORS = (RedisError, OSError)


class Way:
    """What this process knows of Redis: whether to ask it, and whether to spare it."""

    def __init__(self):
        self.breaker = Breaker(tell=BREAKER_OPEN.labels("redis").set)
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
        return isinstance(error, ConnectionLost)

    def save_unconfirmed(self, run_id: str | None):
        """Give to the spool what Redis may have taken with it, seeing which run of it answers."""
        lost = self.unconfirmed.lost_with(run_id)
        for start in range(0, len(lost), GROUP_SIZE):
            if fallback().take_to_spool(lost[start : start + GROUP_SIZE]) is None:
                self.unconfirmed.put_back(lost[start:])
                return


way = Way()


def collect(hit: Hit | None) -> Outcome:
    """Take in one hit; None stands for one whose token was not ours."""
    if hit is None:
        return count(Outcome.UNKNOWN)
    [outcome] = take([hit])
    return count(outcome)


def collect_views(hits: list[ViewHit]) -> list[Outcome]:
    """Take in the page views of one request."""
    outcomes = []
    for start in range(0, len(hits), GROUP_SIZE):
        outcomes += take(hits[start : start + GROUP_SIZE])
    return count_views(outcomes)


def take(hits: list[Hit] | list[ViewHit]) -> list[Outcome]:
    """Here a hit itself finds out whether Redis is back; only the lane can ask beside the hits."""
    try:
        if way.is_to_measure():
            way.full = stream.full_kinds()
        if type(hits[0]) in way.full and (outcomes := relieve(hits)):
            return outcomes
        if way.breaker.allows():
            appended = stream.append(hits)
            way.breaker.succeeded()
            if stream.dialled.is_set():
                look_for_redis()
            return way.took(hits, appended)
    except REDIS_ERRORS as error:
        if way.failed(error):
            look_for_redis()
    if outcomes := fallback().take(hits):
        return outcomes
    try:  # no other store is left, and the breaker may be behind the times
        return way.took(hits, stream.append(hits))
    except REDIS_ERRORS:
        return lose(len(hits), NOBODY)


def relieve(hits: list[Hit] | list[ViewHit]) -> list[Outcome] | None:
    """What becomes of hits that Redis had better be spared; None where the disk takes nothing, and
    Redis has to take them after all. Where the disk only runs low, page views are refused: they
    would take what pixels need, and can be sent again."""
    if must_spare_disk(hits):
        return lose(len(hits), NOBODY)
    return fallback().take_to_spool(hits)


def look_for_redis():
    """A connection is gone: whether Redis is, or was, too."""
    try:
        run_id = stream.run_id()
    except TimeoutError:  # it is there, and its time will come
        return
    except REDIS_ERRORS:
        run_id = None
    way.save_unconfirmed(run_id)


class GroupCommit:
    """`collect` for an event loop: hits that arrive during one round trip share the next.

    One for each kind of hits, so that none waits for a group of the other kind.
    """

    def __init__(self):
        self._redis = stream.AsyncAppender()
        self._prober = stream.AsyncAppender()  # a connection that waits keeps no hit waiting
        self._probing: asyncio.Task | None = None
        self._thread = ThreadPoolExecutor(1, "fallback")  # it blocks, and the loop must not
        self._saving = ThreadPoolExecutor(1, "unconfirmed")  # the hits in flight need the other one
        self._waiting: list[tuple[Hit, asyncio.Future]] = []
        self._committing: asyncio.Task | None = None

    async def open(self):
        """Connect before the first hit, which has little time; Redis may be down as well."""
        with suppress(*REDIS_ERRORS):
            way.save_unconfirmed(await self._redis.open())

    async def collect(self, hit: Hit | None) -> Outcome:
        if hit is None:
            return count(Outcome.UNKNOWN)
        return count(await self.outcome_of(hit))

    async def collect_views(self, hits: list[ViewHit]) -> list[Outcome]:
        """Those of one request, of which each has an outcome of its own."""
        return count_views(await asyncio.gather(*map(self.outcome_of, hits)))

    def outcome_of(self, hit: Hit | ViewHit) -> asyncio.Future:
        """What becomes of it, once that is known. It isn't counted yet."""
        hit.packed  # noqa: B018 - here, where it fails for one hit alone, not for its group
        outcome = asyncio.get_running_loop().create_future()
        self._waiting.append((hit, outcome))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_all())
        return outcome

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
        hits = [hit for hit, _ in group]
        try:
            outcomes = await self._take(hits)
        except Exception as error:
            outcomes = lose(len(hits), name_of(error))
        for (_, future), outcome in zip(group, outcomes, strict=True):
            if not future.done():  # its client may have gone
                future.set_result(outcome)

    async def _take(self, hits: list[Hit] | list[ViewHit]) -> list[Outcome]:
        try:
            if way.is_to_measure():
                way.full = await self._redis.full_kinds()
            if type(hits[0]) in way.full and (outcomes := await self._in_thread(relieve, hits)):
                return outcomes
            if not way.breaker.is_open:
                return way.took(hits, await self._redis.append(hits))
        except REDIS_ERRORS as error:
            if way.failed(error):
                self._start_to_probe()
        if way.breaker.allows():
            self._start_to_probe()
        if outcomes := await self._in_thread(fallback().take, hits):
            return outcomes
        try:  # as in `take`
            return way.took(hits, await self._redis.append(hits))
        except REDIS_ERRORS:
            return lose(len(hits), NOBODY)

    def _start_to_probe(self):
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._probe())

    async def _probe(self):
        """Ask Redis whether it is back, so that no hit has to wait for it to find out; and make
        safe what it may have taken with it."""
        try:
            run_id = await self._prober.open()
            way.breaker.succeeded()
        except REDIS_ERRORS as error:
            way.breaker.failed()
            if isinstance(error, TimeoutError):  # it is there, and its time will come
                return
            run_id = None
        await self._save_unconfirmed(run_id)

    async def _save_unconfirmed(self, run_id: str | None):
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._saving, way.save_unconfirmed, run_id)

    async def _in_thread(self, verb, hits):
        return await asyncio.get_running_loop().run_in_executor(self._thread, verb, hits)

    async def close(self):
        """Finish what is in flight."""
        if self._committing:
            await self._committing
        if self._probing:
            await self._probing
        if way.breaker.is_open:  # nobody will find out any more whether Redis died
            await self._save_unconfirmed(None)
        await self._prober.close()
        await self._redis.close()
        self._saving.shutdown()
        self._thread.shutdown()
        fallback().close()


def count(outcome: Outcome) -> Outcome:
    COUNTERS[outcome].inc()
    return outcome


def count_views(outcomes: list[Outcome]) -> list[Outcome]:
    for outcome in set(outcomes):
        VIEW_COUNTERS[outcome].inc(outcomes.count(outcome))
    return outcomes
