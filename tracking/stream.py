"""The Redis streams between the web processes and the consumers. The one place that knows them.

Two streams per shard, `{hits:n}:stream` of pixels and `{hits:n}:views` of pages; beside them one
filter key per pixel and reader, which holds the time of the counted opening. The braces keep a
shard's keys on one node of a cluster.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import redis
from django.conf import settings
from django_redis import get_redis_connection
from django_redis.pool import ConnectionFactory
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import OutOfMemoryError, ResponseError
from redis.retry import Retry

from tracking.hit import Hit
from tracking.kinds import KINDS
from tracking.metrics import STREAM_DELETED

logger = logging.getLogger(__name__)

CONSUMER_GROUP = "recorders"
APPEND = (Path(__file__).parent / "append.lua").read_text()
REFRESH_WINDOW_MS = 60 * 60 * 1000
# The script compares times; the expiry only cleans up, a minute late to be beyond all doubt.
FILTER_LIFE_MS = REFRESH_WINDOW_MS + 60_000
CLAIM_AFTER_MS = 5_000  # a slow consumer may lose some to another: they count once
MEMORY_MARK = 0.9  # of Redis' maxmemory
# Of one stream. Its entries may hold five hundred page views of two kilobytes each, by which
# nobody is to take the memory that pixels need.
STREAM_BYTES = 512 * 2**20


def shard_of(hit) -> int:
    return int.from_bytes(hit.spread[:4]) % settings.REDIS_STREAM_SHARDS


def stream_key(shard: int, kind: type = Hit) -> bytes:
    return f"{{hits:{shard}}}:{kind.STREAM}".encode()


def filter_key(hit: Hit) -> bytes:
    return b"{hits:%d}" % shard_of(hit) + hit.seen_as


def script_calls(hits):
    """(positions of the hits, keys, arguments) of each call of the script: one per shard, for
    hits of one kind."""
    shards = defaultdict(list)
    for position, hit in enumerate(hits):
        shards[shard_of(hit)].append(position)
    for shard, positions in shards.items():
        keys = [stream_key(shard, type(hits[0]))]
        arguments = [REFRESH_WINDOW_MS, FILTER_LIFE_MS]
        for position in positions:
            hit = hits[position]
            keys.append(filter_key(hit) if hit.seen_as else keys[0])
            arguments += (hit.at, hit.event_id, hit.packed)
        yield positions, keys, arguments


def fullness_commands(pipeline):
    pipeline.info("memory")
    for kind, shard in streams_of(KINDS):
        pipeline.xlen(stream_key(shard, kind))
        pipeline.memory_usage(stream_key(shard, kind), samples=5)
    return pipeline


def streams_of(kinds: Iterable[type]) -> list[tuple[type, int]]:
    return [(kind, shard) for kind in kinds for shard in range(settings.REDIS_STREAM_SHARDS)]


def says_full(memory: dict, *sizes: int | None) -> set[type]:
    """The replies to `fullness_commands`: the kinds whose streams have more entries, or bytes, than
    are wanted; all of them where memory runs out."""
    if 0 < memory["maxmemory"] * MEMORY_MARK <= memory["used_memory"]:
        return set(KINDS)
    measured = zip(streams_of(KINDS), sizes[::2], sizes[1::2], strict=True)
    return {
        kind
        for (kind, _), length, used in measured
        if length >= settings.PIXEL_STREAM_LIMIT or (used or 0) >= STREAM_BYTES
    }


def full_kinds() -> set[type]:
    """The kinds of hits that Redis had better be spared for now. Raises RedisError."""
    with get_redis_connection("hits").pipeline(transaction=False) as pipeline:
        return says_full(*fullness_commands(pipeline).execute())


# Set when a connection was made: the client does so unasked where it finds one closed, and Redis
# may have died in between.
dialled = Event()


class HotConnections(ConnectionFactory):
    """Of the plain view (see settings.CACHES). A pool of its own: django-redis gives one to all
    caches of an address, with the time-outs of whichever was asked first."""

    _pools = {}


class HotPool(redis.ConnectionPool):
    """For all threads of the plain view."""

    def __init__(self, **options):
        super().__init__(**{"redis_connect_func": greet} | options)


def greet(connection):
    connection.on_connect()
    dialled.set()


def run_id() -> str:
    """Which run of Redis answers: another one after each start. Raises RedisError."""
    dialled.clear()
    return get_redis_connection("hits").info("server")["run_id"]


def append(hits: list[Hit]) -> list[bool]:
    """Per hit: True, it is in the stream; False, it is a refresh. Raises RedisError."""
    script = get_redis_connection("hits").register_script(APPEND)
    appended = [False] * len(hits)
    for positions, keys, arguments in script_calls(hits):
        for position, answer in zip(positions, script(keys, arguments), strict=True):
            appended[position] = bool(answer)
    return appended


def forget_counted(hits: list[Hit]):
    """Let the filter pass the next hit of each of these pixels and readers, whatever counted
    before: the database decides. Raises RedisError."""
    client = get_redis_connection("hits")
    for hit in hits:
        client.delete(filter_key(hit))


class AsyncAppender:
    """`append` for an event loop, over one connection of its own."""

    def __init__(self):
        self._redis = AsyncRedis.from_url(
            settings.REDIS_STREAM_URL,
            single_connection_client=True,
            **settings.REDIS_HOT | {"retry": AsyncRetry(NoBackoff(), 0)},
        )
        self._script = self._redis.register_script(APPEND)

    async def open(self) -> str:
        """Connect, and let Redis read the script. Which run of Redis it is, see `run_id`."""
        await self._redis.script_load(APPEND)
        return (await self._redis.info("server"))["run_id"]

    async def append(self, hits: list[Hit]) -> list[bool]:
        appended = [False] * len(hits)
        for positions, keys, arguments in script_calls(hits):
            answers = await self._script(keys, arguments)
            for position, answer in zip(positions, answers, strict=True):
                appended[position] = bool(answer)
        return appended

    async def full_kinds(self) -> set[type]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            return says_full(*await fullness_commands(pipeline).execute())

    async def close(self):
        await self._redis.aclose()


def alarm(deleted: int):
    """Nobody but a consumer may delete entries, and it does so after they are recorded."""
    if deleted:
        STREAM_DELETED.inc(deleted)
        logger.critical("%d entries were deleted from the stream unrecorded.", deleted)


@dataclass(frozen=True)
class Entry:
    """One entry of a stream: a group of hits of one kind, packed by their event ids."""

    stream: bytes
    id: bytes
    packed: dict[bytes, bytes]

    @property
    def kind(self) -> type:
        return next(kind for kind in KINDS if self.stream.endswith(kind.STREAM.encode()))


class StreamReader:
    """One consumer's end of all streams. Its calls raise RedisError."""

    def __init__(self, name: str):
        self.name = name
        # A read blocks for longer than the hot path's clients may wait.
        self._redis = redis.Redis.from_url(
            settings.REDIS_STREAM_URL, socket_timeout=10, retry=Retry(NoBackoff(), 0)
        )
        self._streams = [stream_key(shard, kind) for kind, shard in streams_of(KINDS)]

    def open(self):
        """Make the consumer group where it is missing, from the first entry there is."""
        for stream in self._streams:
            try:
                self._redis.xgroup_create(stream, CONSUMER_GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    def read(self, count: int, block_ms: int, kinds: Iterable[type] = KINDS) -> list[Entry]:
        """Up to `count` new entries of each stream of these kinds; waits `block_ms` (at least 1)
        for the first."""
        wanted = {stream_key(shard, kind): ">" for kind, shard in streams_of(kinds)}
        with self._reopened():
            found = self._redis.xreadgroup(
                CONSUMER_GROUP, self.name, wanted, count=count, block=max(1, block_ms)
            )
            return [
                Entry(stream, entry_id, packed)
                for stream, entries in found or ()
                for entry_id, packed in entries
            ]
        return []

    def claim(self, count: int) -> list[Entry]:
        """Entries that some consumer read and left for so long that it must have died."""
        claimed = []
        for stream in self._streams:
            with self._reopened():
                _, entries, *deleted = self._redis.xautoclaim(
                    stream, CONSUMER_GROUP, self.name, CLAIM_AFTER_MS, count=count
                )
                # Redis 7 names those that are gone; Redis 6.2 gives empty ones in their place.
                found = [Entry(stream, *entry) for entry in entries if entry[0] is not None]
                alarm(len(entries) - len(found) + sum(map(len, deleted)))
                claimed += found
        return claimed

    @contextmanager
    def _reopened(self):
        """Where the consumer group is gone, makes it again and lets the caller come back."""
        try:
            yield
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            self.open()

    def acknowledge(self, entries: list[Entry]):
        """These are in the database: Redis may forget them."""
        try:
            self._acknowledge(entries, transaction=True)
        except OutOfMemoryError:  # it queues no transaction then, and must get rid of entries
            self._acknowledge(entries, transaction=False)

    def _acknowledge(self, entries, transaction):
        with self._redis.pipeline(transaction=transaction) as pipeline:
            for entry in entries:
                pipeline.xack(entry.stream, CONSUMER_GROUP, entry.id)
                pipeline.xdel(entry.stream, entry.id)
            pipeline.execute()

    def correct_filter(self, corrections: list[tuple[Hit, int | None]]):
        """Let the filter hold, for these hits, the time (ms) of the opening that counted, or
        nothing."""
        if not corrections:
            return
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                for hit, counted_at in corrections:
                    if counted_at is None:
                        pipeline.delete(filter_key(hit))
                    else:
                        pipeline.set(filter_key(hit), counted_at, px=FILTER_LIFE_MS)
                pipeline.execute()
        except ResponseError:  # out of memory: it may still forget, and the database decides
            self._redis.delete(*(filter_key(hit) for hit, _ in corrections))

    def close(self):
        """Leave the group, unless something is pending: its entries would go as well."""
        for stream in self._streams:
            with suppress(redis.RedisError):
                if not self._redis.xpending_range(stream, CONSUMER_GROUP, "-", "+", 1, self.name):
                    self._redis.xgroup_delconsumer(stream, CONSUMER_GROUP, self.name)
        self._redis.close()
