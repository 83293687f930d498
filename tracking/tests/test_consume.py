import os
import signal
import threading
import time
from datetime import UTC, datetime
from unittest.mock import Mock
from uuid import UUID, uuid4

import msgpack
import pytest
from django.core.management import call_command
from django.db import OperationalError, ProgrammingError, connection
from redis.exceptions import RedisError

from campaigns.models import Campaign
from campaigns.tests.factories import make_contact
from tracking import consume, spool, stream, stream_reader
from tracking import settle as settle_module
from tracking.consume import Consumer
from tracking.hit import Hit
from tracking.kinds import unpack
from tracking.models import Opening, PageView, QuarantinedHit
from tracking.page_views.hit import ViewHit
from tracking.record import Decision
from tracking.settle import replay
from tracking.stream import CONSUMER_GROUP, stream_key
from tracking.tests.consuming import NOON, a_hit, consumer, impatient, left, pixel

__all__ = ["consumer", "impatient", "pixel"]  # fixtures
pytestmark = pytest.mark.django_db


def test_a_step_records_a_batch_and_leaves_nothing_behind(consumer, pixel, redis_client):
    stream.append([a_hit(pixel), a_hit(pixel, "Outlook")])
    assert consumer.step() == 2
    assert Opening.objects.count() == 2
    assert left(redis_client) == (0, 0)
    assert consumer.step() == 0


def test_hits_that_came_before_the_first_consumer_are_recorded(pixel, redis_client):
    stream.append([a_hit(pixel)])
    consumer = Consumer("late")
    assert consumer.step() + consumer.step() == 1
    consumer.close()


def test_a_group_that_was_lost_is_made_again_from_the_first_entry(consumer, pixel, redis_client):
    stream.append([a_hit(pixel)])
    redis_client.xgroup_destroy(stream_key(0), CONSUMER_GROUP)
    assert consumer.step() + consumer.step() == 1


def test_while_the_database_is_away_the_batch_waits(consumer, pixel, redis_client, monkeypatch):
    stream.append([a_hit(pixel)])
    record = settle_module.record_all
    monkeypatch.setattr(settle_module, "record_all", Mock(side_effect=OperationalError(2006)))
    consumer.stream.open()
    for _ in range(2):
        with pytest.raises(OperationalError):
            consumer.step()
    assert left(redis_client) == (1, 1)
    monkeypatch.setattr(settle_module, "record_all", record)
    assert consumer.step() == 1
    assert left(redis_client) == (0, 0)


def test_what_a_dead_consumer_read_is_taken_over(consumer, pixel, redis_client, monkeypatch):
    dead = Consumer("dead")
    dead.stream.open()
    stream.append([a_hit(pixel)])
    assert len(dead.gather()) == 1
    dead.close()
    monkeypatch.setattr(stream_reader, "CLAIM_AFTER_MS", 0)
    assert consumer.step() == 1
    assert left(redis_client) == (0, 0)


def test_all_that_a_dead_consumer_read_is_taken_over_without_a_pause(
    consumer, pixel, redis_client, monkeypatch
):
    dead = Consumer("dead")
    dead.stream.open()
    for number in range(20):
        stream.append([a_hit(pixel, str(number))])
    dead.gather()
    monkeypatch.setattr(stream_reader, "CLAIM_AFTER_MS", 0)
    monkeypatch.setattr(consume, "READ_ENTRIES", 8)
    assert [consumer.step() for _ in range(3)] == [8, 8, 4]


def test_what_is_no_hit_goes_into_quarantine_and_keeps_no_other_back(consumer, pixel, redis_client):
    redis_client.xadd(stream_key(0), {b"e" * 16: b"no hit", a_hit(pixel).event_id: b""})
    stream.append([a_hit(pixel)])
    consumer.step()
    assert Opening.objects.count() == 1
    assert QuarantinedHit.objects.count() == 2
    assert left(redis_client) == (0, 0)


def test_a_hit_that_the_database_refuses_is_found_among_the_others(consumer, pixel, redis_client):
    bad = a_hit(pixel, "poison", at=10**18)  # a year that no calendar has
    others = [a_hit(pixel, str(number)) for number in range(20)]
    stream.append([*others[:7], bad, *others[7:]])
    consumer.step()
    assert Opening.objects.count() == 20
    quarantined = QuarantinedHit.objects.get()
    assert unpack(quarantined.event, quarantined.packed) == bad
    assert quarantined.reason in ("ValueError", "OverflowError")
    assert left(redis_client) == (0, 0)


def test_what_cannot_be_read_in_the_spool_keeps_nothing_else_back(
    consumer, pixel, redis_client, settings, tmp_path, caplog
):
    settings.VAR_DIR = tmp_path
    (spool.folder() / f"0{spool.SUFFIX}").mkdir(parents=True)  # as a file of root's is to others
    writer = spool.SpoolWriter()
    writer.write([a_hit(pixel)])
    writer.close()
    stream.append([a_hit(pixel, "Outlook")])
    assert consumer.step() == 2
    assert left(redis_client) == (0, 0)
    assert "can't be replayed (IsADirectoryError)" in caplog.text


def test_a_hit_with_a_text_in_the_place_of_a_number_keeps_no_other_back(
    consumer, pixel, redis_client
):
    hits = [a_hit(pixel, str(number)) for number in range(9)]
    stream.append(hits)
    odd = msgpack.packb((Hit.FORMAT, pixel.uuid.bytes, NOON, "poison", "", "", "perhaps", ""))
    redis_client.xadd(stream_key(0), {uuid4().bytes: odd})
    consumer.step()
    assert left(redis_client) == (0, 0)
    known = Opening.objects.filter(event_id__in=[UUID(bytes=hit.event_id) for hit in hits])
    assert known.count() == 9
    if connection.vendor == "mysql":  # SQLite takes it as it is
        assert QuarantinedHit.objects.get().reason == "OperationalError"


def a_view(user="anna", at=NOON) -> ViewHit:
    return ViewHit(event_id=uuid4().bytes, page_id="home", user_id=user, at=at)


def test_a_page_view_that_the_database_refuses_keeps_neither_kind_back(
    consumer, pixel, redis_client
):
    bad = a_view("poison", at=10**18)
    hits = [a_hit(pixel, str(number)) for number in range(9)]
    views = [a_view(str(number)) for number in range(9)]
    stream.append(hits)
    stream.append([*views[:4], bad, *views[4:]])
    torn = {uuid4().bytes: msgpack.packb((ViewHit.FORMAT, "home"))}
    redis_client.xadd(stream_key(0, ViewHit), torn)
    assert consumer.step() == 20
    assert Opening.objects.count() == PageView.objects.count() == 9
    quarantined = {each.event: each for each in QuarantinedHit.objects.all()}
    assert unpack(bad.event_id, quarantined.pop(bad.event_id).packed) == bad
    [torn] = quarantined.values()
    assert torn.reason == "TypeError"
    assert left(redis_client) == (0, 0)


def test_pixels_go_before_page_views_however_many_wait(consumer, pixel, monkeypatch):
    monkeypatch.setattr(consume, "BATCH_HITS", 4)
    for number in range(5):
        stream.append([a_view(f"{number}-{each}") for each in range(4)])
    consumer.stream.open()
    counted = []
    for agent in ("Thunderbird", "Outlook", "Gmail"):
        stream.append([a_hit(pixel, agent)])
        consumer.step()
        counted.append((Opening.objects.count(), PageView.objects.count()))
    assert counted == [(1, 4), (2, 8), (3, 12)]
    assert consumer.step() + consumer.step() == 8
    assert PageView.objects.count() == 20


def test_page_views_that_are_held_for_long_are_recorded_once(consumer, monkeypatch, redis_client):
    monkeypatch.setattr(consume, "BATCH_HITS", 1)
    monkeypatch.setattr(consume, "CLAIM_EVERY_S", 0)
    monkeypatch.setattr(stream_reader, "CLAIM_AFTER_MS", 0)
    for number in range(5):
        stream.append([a_view(str(number))])
    assert [consumer.step() for _ in range(6)] == [1, 1, 1, 1, 1, 0]
    assert left(redis_client) == (0, 0)


def test_page_views_of_the_spool_are_replayed_once(consumer, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    views = [a_view(str(number)) for number in range(3)]
    stream.append(views[:2])  # they may be there as well
    writer = spool.SpoolWriter()
    writer.write([*views, views[0]])
    writer.close()
    assert consumer.step() + consumer.step() == 6
    assert PageView.objects.count() == 3
    assert list(spool.folder().iterdir()) == []


def test_a_quarantined_hit_can_be_replayed_once_its_fault_is_mended(pixel):
    hit = a_hit(pixel)
    QuarantinedHit.objects.put(hit.event_id, hit.packed, ValueError())
    QuarantinedHit.objects.put(hit.event_id, hit.packed, ValueError())  # delivered twice
    assert replay(QuarantinedHit.objects.get()).decision == Decision.RECORDED
    assert Opening.objects.count() == 1
    assert not QuarantinedHit.objects.exists()


def test_a_table_that_is_missing_is_no_fault_of_the_hits(consumer, pixel, monkeypatch):
    stream.append([a_hit(pixel)])
    missing = Mock(side_effect=ProgrammingError(1146, "no such table"))
    monkeypatch.setattr(settle_module, "record_all", missing)
    consumer.stream.open()
    with pytest.raises(ProgrammingError):
        consumer.step()
    assert not QuarantinedHit.objects.exists()


def test_entries_deleted_by_somebody_else_raise_an_alarm(
    consumer, pixel, redis_client, monkeypatch, caplog
):
    dead = Consumer("dead")
    stream.append([a_hit(pixel)])
    dead.stream.open()
    [entry] = dead.gather()
    dead.close()
    redis_client.xdel(stream_key(0), entry.id)
    monkeypatch.setattr(stream_reader, "CLAIM_AFTER_MS", 0)
    consumer.step()
    assert "1 entries were deleted from the stream unrecorded" in caplog.text


def test_the_spool_is_replayed_once(consumer, pixel, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    hits = [a_hit(pixel, str(number)) for number in range(3)]
    writer = spool.SpoolWriter()
    writer.write(hits)
    assert consumer.step() == 0  # it is still being written
    writer.write(hits[:1])
    writer.close()
    assert consumer.step() == 4
    assert Opening.objects.count() == 3
    assert list(spool.folder().iterdir()) == []


def test_a_long_spool_does_not_hold_up_the_stream(consumer, pixel, settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(consume, "BATCH_HITS", 2)
    writer = spool.SpoolWriter()
    writer.write([a_hit(pixel, str(number)) for number in range(5)])
    writer.close()
    consumer.stream.open()
    stream.append([a_hit(pixel, "Outlook")])
    assert [consumer.step() for _ in range(4)] == [3, 2, 1, 0]
    assert Opening.objects.count() == 6


def test_the_spool_is_replayed_while_redis_is_down(redis_is_down, pixel, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    writer = spool.SpoolWriter()
    writer.write([a_hit(pixel)])
    writer.close()
    consumer = Consumer("one")
    with pytest.raises(RedisError):
        consumer.step()
    assert Opening.objects.count() == 1


def test_a_spool_file_waits_while_the_database_is_away(
    consumer, pixel, settings, tmp_path, monkeypatch
):
    settings.VAR_DIR = tmp_path
    writer = spool.SpoolWriter()
    writer.write([a_hit(pixel)])
    writer.close()
    record = settle_module.record_all
    monkeypatch.setattr(settle_module, "record_all", Mock(side_effect=OperationalError(2006)))
    with pytest.raises(OperationalError):
        consumer.step()
    monkeypatch.setattr(settle_module, "record_all", record)
    assert consumer.step() == 1


def test_the_filter_learns_of_the_opening_that_counted(consumer, pixel, redis_client):
    stream.append([a_hit(pixel)])
    consumer.step()
    redis_client.delete(stream.filter_key(a_hit(pixel)))  # Redis forgot it
    stream.append([a_hit(pixel, at=NOON + 59 * 60_000)])
    consumer.step()
    assert Opening.objects.count() == 1
    assert int(redis_client.get(stream.filter_key(a_hit(pixel)))) == NOON


@pytest.mark.parametrize(
    "change", [{"tracking": "off"}, {"closed_at": datetime(2020, 1, 1, tzinfo=UTC)}]
)
def test_a_hit_that_counts_for_nothing_hides_no_later_opening(consumer, pixel, change):
    campaigns = Campaign.objects.filter(pk=pixel.contact.group.campaign_id)
    campaigns.update(**change)
    stream.append([a_hit(pixel)])
    consumer.step()
    consumer.step()
    campaigns.update(tracking="individual", closed_at=None)
    stream.append([a_hit(pixel, at=NOON + 60_000)])
    consumer.step()
    assert Opening.objects.count() == 1


def test_a_consumer_that_ends_leaves_no_name_behind(consumer, pixel, redis_client):
    other = Consumer("other")
    other.stream.open()
    other.step()
    other.close()
    names = [each["name"] for each in redis_client.xinfo_consumers(stream_key(0), CONSUMER_GROUP)]
    assert b"other" not in names


def test_a_redis_without_memory_keeps_no_batch_back(consumer, pixel, redis_client):
    stream.append([a_hit(pixel)])
    consumer.step()
    redis_client.delete(stream.filter_key(a_hit(pixel)))
    stream.append([a_hit(pixel)])  # a refresh, of which the filter is to learn
    redis_client.config_set("maxmemory", 1)
    try:
        consumer.step()
    finally:
        redis_client.config_set("maxmemory", 0)
    assert left(redis_client) == (0, 0)
    assert not redis_client.exists(stream.filter_key(a_hit(pixel)))


def test_several_shards_are_read_by_one_consumer(settings, redis_client, pixel):
    settings.REDIS_STREAM_SHARDS = 4
    pixels = [make_contact().pixels.get() for _ in range(12)]
    stream.append([a_hit(each) for each in pixels])
    consumer = Consumer("all")
    consumer.step()
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
