"""A consumer that has no time to lose, and hits for it."""

from uuid import uuid4

import pytest

from campaigns.tests.factories import make_contact
from tracking import consume
from tracking.consume import Consumer
from tracking.hit import Hit
from tracking.kinds import KINDS
from tracking.stream import CONSUMER_GROUP, stream_key

NOON = 1_772_366_400_000


@pytest.fixture
def pixel():
    return make_contact().pixels.get()


@pytest.fixture
def consumer(redis_client):
    consumer = Consumer("one")
    yield consumer
    consumer.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(consume, "BATCH_MS", 5)
    monkeypatch.setattr(consume, "IDLE_MS", 5)


def a_hit(pixel, user_agent="Thunderbird", at=NOON) -> Hit:
    return Hit(event_id=uuid4().bytes, pixel=pixel.uuid.bytes, at=at, user_agent=user_agent)


def left(redis_client):
    """(entries in the streams, entries read and not acknowledged)."""
    keys = [stream_key(0, kind) for kind in KINDS]
    pending = sum(redis_client.xpending(key, CONSUMER_GROUP)["pending"] for key in keys)
    return sum(map(redis_client.xlen, keys)), pending
