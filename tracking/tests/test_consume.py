import os
import signal
import threading
import time
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import OperationalError

from campaigns.tests.factories import make_contact
from tracking import consume, stream
from tracking.consume import Consumer
from tracking.hit import Hit
from tracking.models import Opening
from tracking.stream import CONSUMER_GROUP, stream_key

pytestmark = pytest.mark.django_db
NOON = 1_772_366_400_000


@pytest.fixture
def pixel():
    return make_contact().pixels.get()


@pytest.fixture
def consumer(redis_client):
    consumer = Consumer("one")
    consumer.open()
    yield consumer
    consumer.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(consume, "BATCH_MS", 5)
    monkeypatch.setattr(consume, "IDLE_MS", 5)


def a_hit(pixel, user_agent="Thunderbird", at=NOON) -> Hit:
    return Hit(event_id=uuid4().bytes, pixel=pixel.uuid.bytes, at=at, user_agent=user_agent)


def left(redis_client):
    """(entries in the stream, entries read and not acknowledged)."""
    key = stream_key(0)
    return redis_client.xlen(key), redis_client.xpending(key, CONSUMER_GROUP)["pending"]


def test_a_step_records_a_batch_and_leaves_nothing_behind(consumer, pixel, redis_client):
    stream.append([a_hit(pixel), a_hit(pixel, "Outlook")])
    assert consumer.step() == 2
    assert Opening.objects.count() == 2
    assert left(redis_client) == (0, 0)
    assert consumer.step() == 0


def test_hits_that_came_before_the_first_consumer_are_recorded(pixel, redis_client):
    stream.append([a_hit(pixel)])
    consumer = Consumer("late")
    consumer.open()
    assert consumer.step() == 1
    consumer.close()


def test_a_group_that_was_lost_is_made_again_from_the_first_entry(consumer, pixel, redis_client):
    stream.append([a_hit(pixel)])
    redis_client.xgroup_destroy(stream_key(0), CONSUMER_GROUP)
    assert consumer.step() + consumer.step() == 1


def test_while_the_database_is_away_the_batch_waits(consumer, pixel, redis_client, monkeypatch):
    stream.append([a_hit(pixel)])
    record = consume.record

    def fail(hits):
        raise OperationalError(2006, "gone")

    monkeypatch.setattr(consume, "record", fail)
    for _ in range(2):
        with pytest.raises(OperationalError):
            consumer.step()
    assert left(redis_client) == (1, 1)
    monkeypatch.setattr(consume, "record", record)
    assert consumer.step() == 1
    assert left(redis_client) == (0, 0)


def test_what_a_dead_consumer_read_is_taken_over(consumer, pixel, redis_client, monkeypatch):
    dead = Consumer("dead")
    stream.append([a_hit(pixel)])
    assert len(dead.gather()) == 1
    dead.close()
    monkeypatch.setattr(stream, "CLAIM_AFTER_MS", 0)
    assert consumer.step() == 1
    assert left(redis_client) == (0, 0)


def test_an_entry_that_cannot_be_recorded_keeps_no_other_back(consumer, pixel, redis_client):
    redis_client.xadd(stream_key(0), {b"e" * 16: b"no hit"})
    stream.append([a_hit(pixel)])
    consumer.step()
    assert Opening.objects.count() == 1
    assert left(redis_client) == (1, 1)


def test_a_hit_that_the_database_refuses_keeps_no_other_back(consumer, pixel, redis_client):
    stream.append([a_hit(pixel, at=10**18)])  # a year that no calendar has
    stream.append([a_hit(pixel)])
    consumer.step()
    assert Opening.objects.count() == 1
    assert left(redis_client) == (1, 1)


def test_the_filter_learns_of_the_opening_that_counted(consumer, pixel, redis_client):
    stream.append([a_hit(pixel)])
    consumer.step()
    redis_client.delete(stream.filter_key(a_hit(pixel)))  # Redis forgot it
    stream.append([a_hit(pixel, at=NOON + 59 * 60_000)])
    consumer.step()
    assert Opening.objects.count() == 1
    assert int(redis_client.get(stream.filter_key(a_hit(pixel)))) == NOON


def test_several_shards_are_read_by_one_consumer(settings, redis_client, pixel):
    settings.REDIS_STREAM_SHARDS = 4
    pixels = [make_contact().pixels.get() for _ in range(12)]
    stream.append([a_hit(each) for each in pixels])
    consumer = Consumer("all")
    consumer.open()
    while consumer.step():
        pass
    consumer.close()
    assert Opening.objects.count() == 12


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_command_after_a_whole_batch(number, redis_client, pixel):
    stream.append([a_hit(pixel)])

    def end_when_recorded():
        deadline = time.monotonic() + 10
        while redis_client.xlen(stream_key(0)) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]
    thread = threading.Thread(target=end_when_recorded)
    thread.start()
    try:
        call_command("consume")
    finally:
        thread.join()
        for each, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
            signal.signal(each, handler)
    assert Opening.objects.count() == 1
    assert left(redis_client) == (0, 0)
