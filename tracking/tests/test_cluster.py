"""The streams on a Redis Cluster: three primaries with a replica each."""

import os
import signal
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from campaigns.tests.factories import make_contact
from tests.redis_cluster import Node, RedisCluster, is_possible
from tests.services import wait_until
from tracking import consume, nodes, stream, stream_reader
from tracking.checks import check_redis
from tracking.consume import Consumer
from tracking.hit import Hit
from tracking.kinds import KINDS
from tracking.models import Opening, PageView
from tracking.outcome import Outcome
from tracking.stream import shard_of, stream_key
from tracking.stream_reader import StreamReader
from tracking.tests.stores import a_hit, a_view, own_folder, spooled, track_all
from tracking.way import ways

__all__ = ["own_folder", "track_all"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)
SHARDS = 6


@pytest.fixture(scope="module")
def running():
    if not is_possible():
        pytest.skip("redis-server is older than 7: no cluster whose ports can be chosen")
    with tempfile.TemporaryDirectory(prefix="pixeltrack-") as folder:
        cluster = RedisCluster(Path(folder))
        try:
            yield cluster.start()
        finally:
            cluster.stop()


@pytest.fixture(autouse=True)
def cluster(running, settings):
    """An empty one."""
    for node in running.primaries():
        node.client.flushall()
    settings.REDIS_STREAM_URL, settings.REDIS_STREAM_SHARDS = running.url, SHARDS
    hits = settings.CACHES["hits"] | {"LOCATION": running.url}
    settings.CACHES = settings.CACHES | {"hits": hits}
    ways.look()
    return running


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(consume, "IDLE_MS", 20)
    monkeypatch.setattr(consume, "BATCH_MS", 5)


@pytest.fixture
def one_per_shard() -> list[Hit]:
    hits = {}
    while len(hits) < SHARDS:
        hit = a_hit(make_contact().pixels.get().uuid.bytes)
        hits.setdefault(shard_of(hit), hit)
    return [hits[shard] for shard in range(SHARDS)]


def at(cluster: RedisCluster, shard: int) -> Node:
    """The node that holds it."""
    return next(each for each in cluster.nodes if f":{each.port}/" in nodes.node_of(shard))


@contextmanager
def frozen(*some: Node):
    for node in some:
        os.kill(node.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for node in some:
            os.kill(node.process.pid, signal.SIGCONT)


def drained(consumer: Consumer) -> int:
    """How many hits it records until none comes any more."""
    recorded, quiet_until = 0, time.monotonic() + 0.5
    while time.monotonic() < quiet_until:
        if found := consumer.step():
            recorded, quiet_until = recorded + found, time.monotonic() + 0.5
    return recorded


def left(cluster) -> int:
    reader = cluster.reader()
    return sum(reader.xlen(stream_key(shard, kind)) for kind in KINDS for shard in range(SHARDS))


def test_hits_spread_over_the_primaries_and_one_consumer_records_all(
    cluster, collect_all, track_all, one_per_shard
):
    again = [a_hit(hit.pixel) for hit in one_per_shard]
    assert collect_all(*one_per_shard) == [Outcome.STORED] * SHARDS
    assert collect_all(*again) == [Outcome.REFRESH] * SHARDS
    assert track_all([a_view(str(number)) for number in range(30)]) == [Outcome.STORED] * 30
    assert all(node.client.dbsize() for node in cluster.primaries())
    consumer = Consumer("one")
    drained(consumer)  # some twice, where the lane saw the first time which Redis it is
    consumer.close()
    assert (Opening.objects.count(), PageView.objects.count()) == (SHARDS, 30)
    assert left(cluster) == 0


def test_what_another_consumer_left_is_taken_over(cluster, one_per_shard, monkeypatch):
    for hit in one_per_shard:
        stream.append([hit])
    dead = StreamReader("dead")
    dead.open()
    wait_until(lambda: not gather(dead) and left(cluster), what="all is read")
    dead.close()
    monkeypatch.setattr(stream_reader, "CLAIM_AFTER_MS", 0)
    consumer = Consumer("two")
    assert drained(consumer) == SHARDS
    consumer.close()
    assert left(cluster) == 0


def gather(reader: StreamReader) -> list:
    return reader.read(8, 20)


def test_a_read_that_waits_is_woken_by_any_node(one_per_shard):
    reader = StreamReader("one")
    reader.open()
    for hit in one_per_shard:
        adding = threading.Timer(0.1, stream.append, [[hit]])
        adding.start()
        began = time.monotonic()
        [entry] = reader.read(8, 5_000)
        assert time.monotonic() - began < 4
        assert list(entry.packed) == [hit.event_id]
        reader.finish([entry], [])
        adding.join()
    reader.close()


def test_a_node_that_hangs_keeps_no_other_waiting(cluster, one_per_shard):
    reader = StreamReader("one")
    reader.open()
    with frozen(at(cluster, 0)):
        others = [hit for hit in one_per_shard if at(cluster, shard_of(hit)) != at(cluster, 0)]
        for hit in others:
            stream.append([hit])
        found, began = set(), time.monotonic()
        while len(found) < len(others) and time.monotonic() - began < 2:
            found |= {event_id for entry in reader.read(8, 100) for event_id in entry.packed}
        assert found == {hit.event_id for hit in others}
    reader.close()


def test_each_primary_is_checked(cluster, client):
    assert check_redis() == []
    ready = client.get("/readyz").json()
    assert ready["components"]["stream"] == {"status": "ok"}
    node = cluster.primaries()[-1]
    node.client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert [error.id for error in check_redis()] == ["tracking.E001"]
    finally:
        node.client.config_set("maxmemory-policy", "noeviction")


# -- Replicas that are waited for ----------------------------------------------------------------
@pytest.fixture
def replicas(cluster, settings, monkeypatch):
    settings.REDIS_WAIT_REPLICAS = 1
    monkeypatch.setattr(stream, "REPLICAS_MS", 2_000)  # a slow machine changes no outcome
    return [cluster.replica_of(node) for node in cluster.primaries()]


def test_a_reply_waits_for_a_replica(replicas, collect_all, track_all, one_per_shard):
    assert collect_all(*one_per_shard) == [Outcome.STORED] * SHARDS
    assert track_all([a_view()]) == [Outcome.STORED]
    assert all(node.client.dbsize() for node in replicas)


def test_what_no_replica_has_in_time_goes_on_with_the_same_id_and_counts_once(
    cluster, replicas, collect_all, track_all, one_per_shard, monkeypatch
):
    monkeypatch.setattr(stream, "REPLICAS_MS", 50)
    view = a_view()
    with frozen(*replicas):
        assert collect_all(*one_per_shard) == [Outcome.DATABASE] * SHARDS
        assert track_all([view]) == [Outcome.SPOOLED]
    assert spooled() == [view.event_id]
    assert left(cluster) >= 1  # in the streams as well, but for what a breaker kept from them
    consumer = Consumer("one")
    drained(consumer)
    consumer.close()
    ids = {opening.event_id for opening in Opening.objects.all()}
    assert ids == {UUID(bytes=hit.event_id) for hit in one_per_shard}
    assert Opening.objects.count() == SHARDS


def test_a_refresh_waits_as_long_as_the_opening_that_it_stands_on(
    replicas, collect_all, one_per_shard, monkeypatch
):
    first, *_ = one_per_shard
    assert collect_all(first) == [Outcome.STORED]
    monkeypatch.setattr(stream, "REPLICAS_MS", 50)
    with frozen(*replicas):
        assert collect_all(a_hit(first.pixel)) == [Outcome.DATABASE]


# -- The last one: it takes a primary away ---------------------------------------------------------
def test_the_replica_takes_the_place_of_a_primary_that_dies(
    cluster, collect_all, one_per_shard, settings
):
    """Its hits go on down the fallback meanwhile; the others don't notice."""
    dying = at(cluster, 0)
    replica = cluster.replica_of(dying)
    kept = one_per_shard[0]
    assert collect_all(kept) == [Outcome.STORED]
    consumer = Consumer("one")
    drained(consumer)
    dying.kill()
    try:
        others = [hit for hit in one_per_shard if at(cluster, shard_of(hit)) != dying]
        assert collect_all(*others) == [Outcome.STORED] * len(others)
        assert drained(consumer) == len(others)
        assert collect_all(a_hit(kept.pixel, "Outlook"))[0] in (Outcome.DATABASE, Outcome.SPOOLED)
        assert kept.event_id in spooled()  # its replica may lack it
        wait_until(replica.is_primary, what="the replica is promoted")
        wait_until(lambda: ways.look() or at(cluster, 0) == replica, what="the others know it")
        assert collect_all(a_hit(kept.pixel, "Gmail")) == [Outcome.STORED]
        drained(consumer)
        assert Opening.objects.filter(user_agent__text="Gmail").count() == 1
    finally:
        consumer.close()
        dying.start()
        cluster.await_replicas()
