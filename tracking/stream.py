"""The Redis streams between the web processes and the consumers: their keys, and how hits get in.
How they get out is in `stream_reader.py`.

Two streams per shard, `{hits:n}:stream` of pixels and `{hits:n}:views` of pages; beside them one
filter key per pixel and reader, which holds the time of the counted opening. The braces keep a
shard's keys on one node of a cluster. Each call here asks one node (see `nodes.py`).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import sha1
from pathlib import Path
from threading import Event

import redis
from django.conf import settings
from django.core.cache import caches
from django_redis.pool import ConnectionFactory
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import InvalidResponse, NoScriptError, ReadOnlyError, RedisError

from tracking import nodes
from tracking.hit import Hit
from tracking.kinds import KINDS
from tracking.redis_line import Line

CONSUMER_GROUP = "recorders"
APPEND = (Path(__file__).parent / "append.lua").read_text()
REFRESH_WINDOW_MS = 60 * 60 * 1000
# The script compares times; the expiry only cleans up, a minute late to be beyond all doubt.
FILTER_LIFE_MS = REFRESH_WINDOW_MS + 60_000
MEMORY_MARK = 0.9  # of Redis' maxmemory
# Of one stream. Its entries may hold two hundred page views of two kilobytes each, by which
# nobody is to take the memory that pixels need.
STREAM_BYTES = 512 * 2**20
REPLICAS_MS = 25  # that they are waited for: less than the client waits for Redis
PROBE_LIFE_MS = 1000


class TooFewReplicas(RedisError):
    """Redis has taken the hits, and the replicas that are to have them as well have not said so in
    time. They may be in the stream for all that."""


def shard_of(hit) -> int:
    shards = settings.REDIS_STREAM_SHARDS
    # By the end of a UUID: many begin with the same time.
    return int.from_bytes(hit.spread[-4:]) % shards if shards > 1 else 0


def stream_key(shard: int, kind: type = Hit) -> bytes:
    return f"{{hits:{shard}}}:{kind.STREAM}".encode()


def filter_key(hit: Hit) -> bytes:
    return slot_of(shard_of(hit)) + hit.seen_as


def slot_of(shard: int) -> bytes:
    return b"{hits:%d}" % shard


def positions_by_node(hits: list) -> dict[str, list[int]]:
    """Which of the hits each node is to take."""
    positions = defaultdict(list)
    for position, hit in enumerate(hits):
        positions[nodes.node_of(shard_of(hit))].append(position)
    return positions


def positions_by_shard(hits: list) -> dict[int, Sequence[int]]:
    if settings.REDIS_STREAM_SHARDS == 1:
        return {0: range(len(hits))}
    positions = defaultdict(list)
    for position, hit in enumerate(hits):
        positions[shard_of(hit)].append(position)
    return positions


def script_calls(hits):
    """(positions of the hits, keys, arguments) of each call of the script: one per shard, for
    hits of one kind."""
    for shard, positions in positions_by_shard(hits).items():
        keys, slot = [stream_key(shard, type(hits[0]))], slot_of(shard)
        arguments = [REFRESH_WINDOW_MS, FILTER_LIFE_MS, int(settings.REDIS_WAIT_REPLICAS > 0)]
        for position in positions:
            hit = hits[position]
            seen_as = hit.seen_as
            keys.append(slot + seen_as if seen_as else keys[0])
            arguments += (hit.at, hit.event_id, hit.packed)
        yield positions, keys, arguments


class Appending:
    """Hits that one node is to take, as commands to be sent together, and what it says to them."""

    def __init__(self, hits: list):
        self._hits = len(hits)
        self._calls = list(script_calls(hits))

    def commands(self) -> list[tuple]:
        script = digest(APPEND)
        calls = [
            ("EVALSHA", script, len(keys), *keys, *arguments) for _, keys, arguments in self._calls
        ]
        return calls + waiting_for_replicas()

    def put_into(self, pipeline):
        for command in self.commands():
            pipeline.execute_command(*command)
        return pipeline

    def appended(self, replies: list) -> list[bool]:
        """Per hit: True, it is in the stream; False, it is a refresh. Raises RedisError."""
        found = [False] * self._hits
        try:
            for (positions, *_), answers in zip(self._calls, with_replicas(replies), strict=True):
                for position, answer in zip(positions, answers, strict=True):
                    found[position] = bool(answer)
        except (TypeError, ValueError) as error:
            raise InvalidResponse("This is not what the script answers.") from error
        return found


@cache
def digest(script: str) -> str:
    return sha1(script.encode(), usedforsecurity=False).hexdigest()


def waiting_for_replicas() -> list[tuple]:
    """At the end of what they are to have: WAIT is about its own connection's commands."""
    replicas = settings.REDIS_WAIT_REPLICAS
    return [("WAIT", replicas, REPLICAS_MS)] if replicas else []


def with_replicas(replies: list) -> list:
    """The replies but the one to `waiting_for_replicas`."""
    if not settings.REDIS_WAIT_REPLICAS:
        return replies
    *others, replicas = replies
    if replicas < settings.REDIS_WAIT_REPLICAS:
        raise TooFewReplicas(f"{replicas} of {settings.REDIS_WAIT_REPLICAS}")
    return others


def streams_of(
    kinds: Iterable[type], shards: Iterable[int] | None = None
) -> list[tuple[type, int]]:
    shards = range(settings.REDIS_STREAM_SHARDS) if shards is None else shards
    return [(kind, shard) for kind in kinds for shard in shards]


def streams_at(node: str) -> list[tuple[type, int]]:
    return streams_of(KINDS, nodes.shards_by_node().get(node, ()))


def fullness_commands(pipeline, streams):
    pipeline.info("memory")
    for kind, shard in streams:
        pipeline.xlen(stream_key(shard, kind))
        pipeline.memory_usage(stream_key(shard, kind), samples=5)
    return pipeline


def says_full(streams: list[tuple[type, int]], memory: dict, *sizes: int | None) -> set[type]:
    """The replies to `fullness_commands`: the kinds whose streams have more entries, or bytes, than
    are wanted; all of them where memory runs out."""
    if 0 < memory["maxmemory"] * MEMORY_MARK <= memory["used_memory"]:
        return set(KINDS)
    return {
        kind
        for (kind, _), length, used in zip(streams, sizes[::2], sizes[1::2], strict=True)
        if length >= settings.PIXEL_STREAM_LIMIT or (used or 0) >= STREAM_BYTES
    }


# -- For the plain view, and whoever else waits in a thread --------------------------------------
class HotConnections(ConnectionFactory):
    """Of the plain view (see settings.CACHES). Pools of its own: django-redis gives one to all
    caches of an address, with the time-outs of whichever was asked first."""

    _pools = {}

    def __init__(self, options):
        super().__init__(options)
        self._clients: dict[str, redis.Redis] = {}

    def connect(self, url: str) -> redis.Redis:
        client = self._clients.get(url)
        if client is None:
            client = self._clients[url] = super().connect(url)
        return client


class HotPool(redis.ConnectionPool):
    """For all threads of the plain view.

    `dialled` is set when a connection was made: the client does so unasked where it finds one
    closed, and Redis may have died in between.
    """

    def __init__(self, **options):
        self.dialled = Event()
        super().__init__(**{"redis_connect_func": self.greet} | options)

    def greet(self, connection):
        connection.on_connect()
        self.dialled.set()


def client_of(node: str) -> redis.Redis:
    return caches["hits"].client.connection_factory.connect(node)


def clients() -> Iterator[redis.Redis]:
    """One for each node, as the cluster says now. Raises RedisError."""
    nodes.look()
    return map(client_of, nodes.shards_by_node())


def was_dialled(node: str) -> bool:
    return client_of(node).connection_pool.dialled.is_set()


def run_id(node: str) -> str:
    """Which run of Redis answers: another one after each start. Raises RedisError."""
    client = client_of(node)
    client.connection_pool.dialled.clear()
    return client.info("server")["run_id"]


def append(hits: list[Hit]) -> list[bool]:
    """Per hit of one node: True, it is in the stream; False, it is a refresh. Raises RedisError."""
    appending, client = Appending(hits), client_of(nodes.node_of(shard_of(hits[0])))
    try:
        return appending.appended(ask(client, appending))
    except NoScriptError:
        client.script_load(APPEND)
    return appending.appended(ask(client, appending))


def ask(client: redis.Redis, appending: Appending) -> list:
    with leaving_replica(client):
        return appending.put_into(client.pipeline(transaction=False)).execute()


@contextmanager
def leaving_replica(client: redis.Redis):
    """Another may have the address of a Redis that has become a replica, and connections that were
    made before would lead to the old one for ever."""
    try:
        yield
    except ReadOnlyError:
        client.connection_pool.disconnect(inuse_connections=False)
        raise


def full_kinds(node: str) -> set[type]:
    """The kinds of hits that this Redis had better be spared for now. Raises RedisError."""
    streams = streams_at(node)
    with client_of(node).pipeline(transaction=False) as pipeline:
        return says_full(streams, *fullness_commands(pipeline, streams).execute())


def forget_counted(hits: list[Hit]):
    """Let the filter pass the next hit of each of these pixels and readers, whatever counted
    before: the database decides. Raises RedisError."""
    for hit in hits:
        client_of(nodes.node_of(shard_of(hit))).delete(filter_key(hit))


# -- For an event loop ---------------------------------------------------------------------------
class AsyncProber:
    """Asks one node whether it can take hits. `dialled`, as that of HotPool: since `open`."""

    def __init__(self, node: str):
        self._node = node
        self.dialled = False
        options = {"retry": AsyncRetry(NoBackoff(), 0), "redis_connect_func": self._greet}
        self._redis = AsyncRedis.from_url(node, **settings.REDIS_HOT | options)

    async def _greet(self, connection):
        await connection.on_connect()
        self.dialled = True

    async def open(self) -> str:
        """Connect, let Redis read the script, and see that the replicas which are to be waited for
        are there. Which run of Redis it is, see `run_id`; over a connection that is made now, as
        hits will be, see `leaving_replica`."""
        await self._redis.connection_pool.disconnect()
        await self._redis.script_load(APPEND)
        if settings.REDIS_WAIT_REPLICAS:
            await self._probe_replicas()
        self.dialled = False
        return (await self._redis.info("server"))["run_id"]

    async def _probe_replicas(self):
        for shard in nodes.shards_by_node().get(self._node, ())[:1]:
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.set(b"{hits:%d}:probe" % shard, 1, px=PROBE_LIFE_MS)
            for command in waiting_for_replicas():
                pipeline.execute_command(*command)
            with_replicas(await pipeline.execute())

    async def close(self):
        await self._redis.aclose()


class AsyncAppender(AsyncProber):
    """`append` to one node, over a line of its own."""

    def __init__(self, node: str):
        super().__init__(node)
        self._line: Line | None = None

    @property
    def is_cut_off(self) -> bool:
        """From the Redis that took the last hits, which may have ended since."""
        return self._line is not None and not self._line.is_open

    async def open(self) -> str:
        await self._dial()
        return await super().open()

    async def append(self, hits: list[Hit]) -> list[bool]:
        appending = Appending(hits)
        try:
            return appending.appended(await self._ask(appending.commands()))
        except NoScriptError:
            await self._ask([("SCRIPT", "LOAD", APPEND)])
        return appending.appended(await self._ask(appending.commands()))

    async def _ask(self, commands: list[tuple]) -> list:
        if self._line is None or self.is_cut_off:
            await self._dial()
        try:
            return await self._line.ask(commands)
        except ReadOnlyError:  # see `leaving_replica`
            self._line.close()
            await self._redis.connection_pool.disconnect()
            raise

    async def _dial(self):
        self._line = await Line.dial(self._redis)

    async def full_kinds(self) -> set[type]:
        streams = streams_at(self._node)
        async with self._redis.pipeline(transaction=False) as pipeline:
            return says_full(streams, *await fullness_commands(pipeline, streams).execute())

    async def close(self):
        if self._line:
            self._line.close()
        await super().close()
