"""Collect, for an event loop: hits that arrive during one round trip to Redis share the next."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from django.conf import settings
from redis.exceptions import TimeoutError

from tracking import nodes, stream
from tracking.collect import NOBODY, count, count_all, count_views, relieve
from tracking.fallback import fallback, lose, name_of
from tracking.hit import Hit
from tracking.outcome import Outcome
from tracking.page_views.hit import ViewHit
from tracking.way import GROUP_SIZE, REDIS_ERRORS, ways

logger = logging.getLogger(__name__)

Tell = Callable[[Outcome], None]
# A group of one costs as much as three hits more. So where hits come together, it takes so many
# seconds from the beginning of a group to that of the next, unless there are enough for it before;
# whoever comes alone waits for nobody. The event loop counts in whole milliseconds.
PACE = 0.001
ENOUGH = 16
COUNTS = {Hit: count_all, ViewHit: count_views}


class NodeCommit:
    """The hits for one node: those for the others don't wait while this one fails."""

    def __init__(self, node: str, fallback_thread: Executor, saving_thread: Executor):
        self._node, self._way = node, ways.to(node)
        self._redis = stream.AsyncAppender(node)
        self._prober = stream.AsyncProber(node)  # a connection that waits keeps no hit waiting
        self._probing: asyncio.Task | None = None
        self._thread, self._saving = fallback_thread, saving_thread
        self._waiting: list[tuple[Hit | ViewHit, Tell]] = []
        self._committing: asyncio.Task | None = None
        self._enough: asyncio.Future | None = None  # while a group is waited for

    async def open(self):
        """Connect before the first hit, which has little time; Redis may be down as well."""
        with suppress(*REDIS_ERRORS):
            self._way.save_unconfirmed(await self._redis.open())

    def take(self, hit: Hit | ViewHit, tell: Tell):
        self._waiting.append((hit, tell))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_all())
        elif self._enough and len(self._waiting) == ENOUGH:
            set_if_awaited(self._enough, None)

    async def _commit_all(self):
        clock = asyncio.get_running_loop().time
        try:
            while self._waiting:
                next_at = clock() + PACE
                group = self._waiting[:GROUP_SIZE]
                del self._waiting[:GROUP_SIZE]
                await self._commit(group)
                if len(group) > 1 or self._waiting:
                    await self._wait_for_more(next_at - clock())
        finally:
            self._committing = None

    async def _wait_for_more(self, seconds: float):
        if seconds <= 0 or len(self._waiting) >= ENOUGH:
            return
        loop = asyncio.get_running_loop()
        self._enough = loop.create_future()
        waking = loop.call_later(seconds, set_if_awaited, self._enough, None)
        try:
            await self._enough
        finally:
            waking.cancel()
            self._enough = None

    async def _commit(self, group):
        """Tells what became of every hit of the group, whatever happens."""
        hits = [hit for hit, _ in group]
        try:
            outcomes = await self._take(hits)
        except Exception as error:
            outcomes = lose(len(hits), name_of(error))
        COUNTS[type(hits[0])](outcomes)
        for (_, tell), outcome in zip(group, outcomes, strict=True):
            try:
                tell(outcome)
            except Exception:  # of one client, and no other's
                logger.exception("What became of a hit could not be told.")

    async def _take(self, hits: list[Hit] | list[ViewHit]) -> list[Outcome]:
        way = self._way
        try:
            if way.is_to_measure():
                way.full = await self._redis.full_kinds()
                if way.unconfirmed.owes:
                    self._start_to_probe()
            if type(hits[0]) in way.full and (outcomes := await self._in_thread(relieve, hits)):
                return outcomes
            if not way.breaker.is_open:
                appended = await self._redis.append(hits)
                if self._redis.dialled:  # Redis may have died, without these hits
                    self._redis.dialled = False
                    self._start_to_probe()
                    await self._probing
                return way.took(hits, appended)
        except REDIS_ERRORS as error:
            if way.failed(error):
                self._start_to_probe()
        if way.breaker.allows():
            self._start_to_probe()
        if outcomes := await self._in_thread(fallback().take, hits):
            return outcomes
        try:  # as in `take_to`
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
            await self._look()
            run_id = await self._prober.open()
            self._way.breaker.succeeded()
        except REDIS_ERRORS as error:
            self._way.breaker.failed()
            if isinstance(error, (TimeoutError, stream.TooFewReplicas)):
                return  # it is there, and its time will come
            run_id = None
        await self._save_unconfirmed(run_id)

    async def _look(self):
        """Whether another node has taken the place of this one."""
        if nodes.is_cluster():
            with suppress(*REDIS_ERRORS):
                await self._in_saving_thread(ways.look)

    async def _save_unconfirmed(self, run_id: str | None):
        await self._in_saving_thread(self._way.save_unconfirmed, run_id)

    async def _in_saving_thread(self, verb, *arguments):
        return await asyncio.get_running_loop().run_in_executor(self._saving, verb, *arguments)

    async def _in_thread(self, verb, hits):
        return await asyncio.get_running_loop().run_in_executor(self._thread, verb, hits)

    async def close(self):
        """Finish what is in flight."""
        if self._committing:
            await self._committing
        if self._probing:
            await self._probing
        way, is_cut_off = self._way, self._redis.is_cut_off
        # Nobody will find out any more whether Redis died, nor try the disk again.
        if way.breaker.is_open or way.unconfirmed.owes or is_cut_off:
            await self._save_unconfirmed(None)
        await self._prober.close()
        await self._redis.close()


def set_if_awaited(future: asyncio.Future, outcome: Outcome | None):
    if not future.done():  # its client may have gone
        future.set_result(outcome)


class GroupCommit:
    """One for each kind of hits, so that none waits for a group of the other kind."""

    def __init__(self):
        self._thread = ThreadPoolExecutor(1, "fallback")  # it blocks, and the loop must not
        self._saving = ThreadPoolExecutor(1, "unconfirmed")  # the hits in flight need the other one
        self._commits: dict[str, NodeCommit] = {}
        self._only = None if nodes.is_cluster() else settings.REDIS_STREAM_URL  # for each hit

    async def open(self):
        with suppress(*REDIS_ERRORS):
            await asyncio.get_running_loop().run_in_executor(self._saving, ways.look)
        await asyncio.gather(*(self.commit_to(node).open() for node in nodes.shards_by_node()))

    async def collect(self, hit: Hit | None) -> Outcome:
        if hit is None:
            return count(Outcome.UNKNOWN)
        return await self.outcome_of(hit)

    async def collect_views(self, hits: list[ViewHit]) -> list[Outcome]:
        """Those of one request, of which each has an outcome of its own."""
        return await asyncio.gather(*map(self.outcome_of, hits))

    def outcome_of(self, hit: Hit | ViewHit) -> asyncio.Future:
        """What becomes of it, once that is known."""
        outcome = asyncio.get_running_loop().create_future()
        self.take(hit, partial(set_if_awaited, outcome))
        return outcome

    def take(self, hit: Hit | ViewHit, tell: Tell):
        """`tell` is called later with what became of it, which is counted by then. What is raised
        here is about this hit alone, and nothing is told of it."""
        hit.packed  # noqa: B018 - here, where it fails for one hit alone, not for its group
        self.commit_to(self._only or nodes.node_of(stream.shard_of(hit))).take(hit, tell)

    def commit_to(self, node: str) -> NodeCommit:
        commit = self._commits.get(node)
        if commit is None:
            commit = self._commits[node] = NodeCommit(node, self._thread, self._saving)
        return commit

    async def close(self):
        """Finish what is in flight."""
        for commit in self._commits.values():
            await commit.close()
        self._saving.shutdown()
        self._thread.shutdown()
        fallback().close()
