"""A Redis becomes a replica, and another answers at its address. Nobody ends the connections to the
old one."""

import asyncio
import time
from uuid import UUID

import pytest
import redis
from redis.exceptions import RedisError

from tests.services import Redis
from tracking import consume
from tracking.collect import collect
from tracking.consume import Consumer
from tracking.group_commit import GroupCommit
from tracking.models import Opening
from tracking.nodes import node_of
from tracking.outcome import Outcome
from tracking.stream import stream_key
from tracking.tests.stores import a_hit, own_folder, pixel, spooled, the_way

__all__ = ["own_folder", "pixel"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


class Address:
    """Of one Redis, then of another."""

    def __init__(self, folder):
        self._path = folder / "address.sock"
        self.url = f"unix://{self._path}"
        self.servers = []
        for name in ("old", "new"):
            (folder / name).mkdir()
            self.servers.append(Redis(folder / name).start())
        self.old, self.new = (redis.Redis.from_url(server.url) for server in self.servers)
        self._path.symlink_to(self.servers[0].socket)

    def move(self):
        self.old.replicaof("127.0.0.1", 1)  # nobody is there: it stays one
        self._path.unlink()
        self._path.symlink_to(self.servers[1].socket)

    def stop(self):
        for each in (self.old, self.new):
            each.close()
        for server in self.servers:
            server.kill()


@pytest.fixture
def address(tmp_path_factory, settings):
    address = Address(tmp_path_factory.mktemp("r"))
    settings.REDIS_STREAM_URL = address.url
    hits = settings.CACHES["hits"] | {"LOCATION": address.url}
    settings.CACHES = settings.CACHES | {"hits": hits}
    yield address
    address.stop()


def streamed(client) -> list[bytes]:
    return [event_id for _, packed in client.xrange(stream_key(0)) for event_id in packed]


def test_the_lane_finds_the_new_one(address, pixel):
    hits = [a_hit(pixel, agent) for agent in ("Thunderbird", "Outlook", "Gmail")]

    async def arrive():
        commit = GroupCommit()
        await commit.open()
        outcomes = [await commit.collect(hits[0])]
        address.move()
        outcomes.append(await commit.collect(hits[1]))
        await commit.commit_to(node_of(0))._probing
        outcomes.append(await commit.collect(hits[2]))
        await commit.close()
        return outcomes

    assert asyncio.run(arrive()) == [Outcome.STORED, Outcome.DATABASE, Outcome.STORED]
    assert streamed(address.new) == [hits[2].event_id]
    assert spooled() == [hits[0].event_id]  # which the new one may not have


def test_so_does_the_plain_view(address, pixel):
    hits = [a_hit(pixel, agent) for agent in ("Thunderbird", "Outlook", "Gmail")]
    outcomes = [collect(hits[0])]
    address.move()
    outcomes.append(collect(hits[1]))
    the_way().breaker._try_at = time.monotonic()  # the rest is over
    outcomes.append(collect(hits[2]))
    assert outcomes == [Outcome.STORED, Outcome.DATABASE, Outcome.STORED]
    assert streamed(address.new) == [hits[2].event_id]
    assert spooled() == [hits[0].event_id]


def test_so_does_the_consumer(address, pixel, monkeypatch):
    monkeypatch.setattr(consume, "IDLE_MS", 5)
    consumer = Consumer("one")
    consumer.stream.open()
    assert consumer.step() == 0
    address.move()
    hit = a_hit(pixel)
    with pytest.raises(RedisError):
        consumer.step()
    assert collect(hit) == Outcome.STORED
    assert consumer.step() + consumer.step() == 1  # the first may only make the group
    assert Opening.objects.get().event_id == UUID(bytes=hit.event_id)
    assert streamed(address.new) == []
    consumer.close()
