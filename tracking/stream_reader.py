"""How hits get out of the streams: one consumer's end of all of them."""

import logging
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import OutOfMemoryError, RedisError, ResponseError
from redis.retry import Retry

from tracking import nodes
from tracking.fallback import name_of
from tracking.hit import Hit
from tracking.kinds import KINDS
from tracking.metrics import STREAM_DELETED
from tracking.stream import (
    CONSUMER_GROUP,
    FILTER_LIFE_MS,
    filter_key,
    leaving_replica,
    shard_of,
    stream_key,
    streams_of,
)

logger = logging.getLogger(__name__)

CLAIM_AFTER_MS = 5_000  # a slow consumer may lose some to another: they count once
TIMEOUT_S = 10
NODE_TIMEOUT_S = 3  # of one of several, for which the others wait
LOOK_EVERY_S = 0.5  # for who holds what, while a node of a cluster fails
PATIENCE_S = 0.5  # with one node's answer that is overdue, before the others go on without it
COMPANY_S = 0.002  # that the answers of others may come after the first


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
    node: str = field(default="", compare=False)  # where it was read

    @property
    def kind(self) -> type:
        return next(kind for kind in KINDS if self.stream.endswith(kind.STREAM.encode()))

    @property
    def shard(self) -> int:
        return int(self.stream[self.stream.index(b":") + 1 : self.stream.index(b"}")])


@dataclass
class Question:
    """What can be asked for in one command: at one Redis all streams, in a cluster those of one
    shard. Its answer is waited for in a thread, and stays where nobody wants it yet."""

    node: str
    shards: tuple[int, ...]
    answer: Future | None = None

    @property
    def is_asked(self) -> bool:
        return self.answer is not None

    @property
    def is_open(self) -> bool:
        return self.answer is not None and not self.answer.done()

    def entries(self) -> list[Entry]:
        """Of its answer, which is taken away. Raises RedisError."""
        answer, self.answer = self.answer, None
        return [
            Entry(stream, entry_id, packed, self.node)
            for stream, entries in answer.result() or ()
            for entry_id, packed in entries
        ]


class StreamReader:
    """Its calls raise RedisError where all nodes fail. One node of several is left alone until it,
    or another in its place, answers again."""

    def __init__(self, name: str):
        self.name = name
        self._clients: dict[str, redis.Redis] = {}
        self._questions: dict[tuple[str, tuple[int, ...]], Question] = {}
        # A node that hangs keeps a thread until its time is out, beside that of its successor.
        self._threads = ThreadPoolExecutor(2 * settings.REDIS_STREAM_SHARDS, "stream")
        self._failing: set[str] = set()  # nodes
        self._look_at = 0.0

    def _client(self, node: str) -> redis.Redis:
        client = self._clients.get(node)
        if client is None:
            # A read blocks for longer than the hot path's clients may wait.
            patience = NODE_TIMEOUT_S if nodes.is_cluster() else TIMEOUT_S
            client = self._clients[node] = redis.Redis.from_url(
                node, socket_timeout=patience, retry=Retry(NoBackoff(), 0)
            )
        return client

    # -- Nodes -----------------------------------------------------------------------------------
    @contextmanager
    def _sparing_others(self, node: str):
        """What one node of several can't do, the others go on without."""
        try:
            with leaving_replica(self._client(node)):
                yield
        except RedisError as error:
            if not nodes.is_cluster():
                raise
            if node not in self._failing:
                logger.warning("A node of Redis fails (%s).", name_of(error))
            self._failing.add(node)
            if self._failing >= nodes.shards_by_node().keys():
                self._failing.clear()
                nodes.look()
                raise
            self._look()
        else:
            self._failing.discard(node)

    def _look(self):
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_EVERY_S
            with suppress(RedisError):
                nodes.look()

    def _streams(self) -> list[tuple[str, bytes]]:
        return [
            (nodes.node_of(shard), stream_key(shard, kind)) for kind, shard in streams_of(KINDS)
        ]

    def _streams_to_ask(self) -> Iterator[tuple[str, bytes]]:
        """All, but no more of a node once it has failed: each would wait for its time-out."""
        tried = set()
        for node, stream in self._streams():
            if node not in tried & self._failing:
                tried.add(node)
                yield node, stream

    def open(self):
        """Make the consumer group where it is missing, from the first entry there is."""
        for node, stream in self._streams_to_ask():
            with self._sparing_others(node):
                self._make_group(node, stream)

    def _make_group(self, node: str, stream: bytes):
        try:
            self._client(node).xgroup_create(stream, CONSUMER_GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    @contextmanager
    def _reopened(self):
        """Where the consumer group is gone, makes it again and lets the caller come back."""
        try:
            yield
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            self.open()

    # -- Reading ---------------------------------------------------------------------------------
    def read(self, count: int, block_ms: int, kinds: Iterable[type] = KINDS) -> list[Entry]:
        """Up to `count` new entries of each stream of these kinds; waits `block_ms` (at least 1)
        for the first. Of a cluster, answers that were late come too."""
        questions = self._current_questions()
        asked = [each for each in questions if not each.is_asked]
        for each in asked:
            self._ask(each, count, max(1, block_ms), kinds)
        deadline = time.monotonic() + block_ms / 1000 + PATIENCE_S
        found, company = [], False
        while True:
            found += self._answers(questions)
            still_open = [each.answer for each in questions if each.is_open]
            left = COMPANY_S if found else deadline - time.monotonic()
            if not still_open or company or left <= 0:
                return found
            if not found and not any(each.is_open for each in asked or questions):
                return found
            company = bool(found)
            alone = len(questions) == 1  # then its own time-out is patience enough
            wait(still_open, None if alone else left, FIRST_COMPLETED)

    def _current_questions(self) -> list[Question]:
        """Of those that are gone, an answer that comes yet is left to whoever claims it."""
        wanted = [
            (node, part)
            for node, shards in nodes.shards_by_node().items()
            for part in ([(shard,) for shard in shards] if nodes.is_cluster() else [tuple(shards)])
        ]
        self._questions = {key: self._questions.get(key) or Question(*key) for key in wanted}
        return list(self._questions.values())

    def _ask(self, question: Question, count, block_ms, kinds):
        streams = streams_of(kinds, question.shards)
        wanted = {stream_key(shard, kind): ">" for kind, shard in streams}
        question.answer = self._threads.submit(
            self._client(question.node).xreadgroup,
            CONSUMER_GROUP,
            self.name,
            wanted,
            count=count,
            block=block_ms,
        )

    def _answers(self, questions: list[Question]) -> list[Entry]:
        found = []
        for question in questions:
            if question.is_asked and not question.is_open:
                with self._sparing_others(question.node), self._reopened():
                    found += question.entries()
        return found

    def claim(self, count: int) -> list[Entry]:
        """Entries that some consumer read and left for so long that it must have died."""
        claimed = []
        for node, stream in self._streams_to_ask():
            with self._sparing_others(node), self._reopened():
                _, entries, *deleted = self._client(node).xautoclaim(
                    stream, CONSUMER_GROUP, self.name, CLAIM_AFTER_MS, count=count
                )
                # Redis 7 names those that are gone; Redis 6.2 gives empty ones in their place.
                found = [Entry(stream, *entry, node) for entry in entries if entry[0] is not None]
                alarm(len(entries) - len(found) + sum(map(len, deleted)))
                claimed += found
        return claimed

    # -- What is recorded ------------------------------------------------------------------------
    def finish(self, entries: list[Entry], corrections: list[tuple[Hit, int | None]]):
        """These are in the database. Where a node of several does not hear of it, its entries come
        again, and count once. So do those of a node that another took the place of, which may have
        given their ids to entries of its own."""
        shards = {entry.shard for entry in entries} | {shard_of(hit) for hit, _ in corrections}
        for shard in sorted(shards):
            node = nodes.node_of(shard)
            with self._sparing_others(node):
                self.correct_filter([each for each in corrections if shard_of(each[0]) == shard])
                own = [entry for entry in entries if (entry.node, entry.shard) == (node, shard)]
                self.acknowledge(own)

    def acknowledge(self, entries: list[Entry]):
        """Redis may forget these, where they were read."""
        for node, stream in {(entry.node, entry.stream) for entry in entries}:
            ids = [entry.id for entry in entries if (entry.node, entry.stream) == (node, stream)]
            try:
                self._acknowledge(node, stream, ids, transaction=True)
            except OutOfMemoryError:  # it queues no transaction then, and must get rid of entries
                self._acknowledge(node, stream, ids, transaction=False)

    def _acknowledge(self, node, stream, ids, transaction):
        with self._client(node).pipeline(transaction=transaction) as pipeline:
            pipeline.xack(stream, CONSUMER_GROUP, *ids)
            pipeline.xdel(stream, *ids)
            pipeline.execute()

    def correct_filter(self, corrections: list[tuple[Hit, int | None]]):
        """Let the filter hold, for these hits, the time (ms) of the opening that counted, or
        nothing."""
        for node in {nodes.node_of(shard_of(hit)) for hit, _ in corrections}:
            own = [each for each in corrections if nodes.node_of(shard_of(each[0])) == node]
            self._correct_filter(self._client(node), own)

    def _correct_filter(self, client: redis.Redis, corrections):
        try:
            with client.pipeline(transaction=False) as pipeline:
                for hit, counted_at in corrections:
                    if counted_at is None:
                        pipeline.delete(filter_key(hit))
                    else:
                        pipeline.set(filter_key(hit), counted_at, px=FILTER_LIFE_MS)
                pipeline.execute()
        except ResponseError:  # out of memory: it may still forget, and the database decides
            with client.pipeline(transaction=False) as pipeline:
                for hit, _ in corrections:
                    pipeline.delete(filter_key(hit))
                pipeline.execute()

    def close(self):
        """Leave the group, unless something is pending: its entries would go as well."""
        self._threads.shutdown()  # an answer that comes yet makes its entries pending
        for node, stream in self._streams_to_ask():
            client = self._client(node)
            with suppress(RedisError), self._sparing_others(node):
                if not client.xpending_range(stream, CONSUMER_GROUP, "-", "+", 1, self.name):
                    client.xgroup_delconsumer(stream, CONSUMER_GROUP, self.name)
        for client in self._clients.values():
            client.close()
