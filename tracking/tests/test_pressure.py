"""Where Redis had better be spared, or the disk runs low: who is taken in by what."""

import time

import pytest
from redis.exceptions import (
    ConnectionError,
)

from tracking import stream
from tracking.collect import collect, collect_views
from tracking.hit import Hit
from tracking.kinds import KINDS
from tracking.outcome import Outcome
from tracking.page_views.hit import ViewHit
from tracking.tests.stores import (
    a_hit,
    a_view,
    database_is_down,
    own_folder,
    pixel,
    spooled,
    the_way,
    track_all,
)

__all__ = ["database_is_down", "own_folder", "pixel", "track_all"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


def test_under_pressure_redis_is_spared(collect_all, redis_client, pixel, settings):
    settings.PIXEL_STREAM_LIMIT = 1
    assert collect_all(a_hit(pixel)) == [Outcome.STORED]
    the_way()._measure_at = 0
    hit = a_hit(pixel, "Outlook")
    assert collect_all(hit) == [Outcome.SPOOLED]
    assert spooled() == [hit.event_id]
    redis_client.flushall()
    the_way()._measure_at = 0
    assert collect_all(a_hit(pixel, "Gmail")) == [Outcome.STORED]


def test_with_the_disk_full_as_well_a_nearly_full_redis_takes_the_hit_after_all(
    collect_all, redis_client, pixel, settings
):
    (settings.VAR_DIR / "spool").write_text("in the way")
    settings.PIXEL_STREAM_LIMIT = 1
    assert collect_all(a_hit(pixel)) == [Outcome.STORED]
    the_way()._measure_at = 0
    assert collect_all(a_hit(pixel, "Outlook")) == [Outcome.STORED]
    assert the_way().full == {Hit}


def test_it_takes_page_views_as_well(track_all, redis_client, settings):
    (settings.VAR_DIR / "spool").write_text("in the way")
    settings.PIXEL_STREAM_LIMIT = 1
    assert track_all([a_view()]) == [Outcome.STORED]
    the_way()._measure_at = 0
    assert track_all([a_view()]) == [Outcome.STORED]
    assert the_way().full == {ViewHit}


def test_a_redis_that_fails_while_it_was_full_is_measured_anew(redis_client, pixel):
    the_way().full = {Hit}
    the_way().failed(ConnectionError("refused"))
    the_way().breaker._try_at = time.monotonic()
    assert collect(a_hit(pixel)) == Outcome.STORED


@pytest.mark.parametrize(
    ("maxmemory", "full"), [(0, set()), (1_000, {Hit, ViewHit}), (10**12, set())]
)
def test_memory_near_its_limit_is_pressure(maxmemory, full):
    streams = stream.streams_of(KINDS)
    assert (
        stream.says_full(streams, {"maxmemory": maxmemory, "used_memory": 901}, 0, None, 0, 1)
        == full
    )


def test_few_entries_that_hold_much_are_pressure_of_their_kind_alone(
    collect_all, track_all, redis_client, pixel, monkeypatch
):
    monkeypatch.setattr(stream, "STREAM_BYTES", 50_000)
    assert track_all([a_view("x" * 255) for _ in range(200)]) == [Outcome.STORED] * 200
    assert redis_client.xlen(stream.stream_key(0, ViewHit)) == 1
    the_way()._measure_at = 0
    assert track_all([a_view()]) == [Outcome.SPOOLED]
    assert collect_all(a_hit(pixel)) == [Outcome.STORED]


def test_what_is_left_of_a_disk_that_runs_low_is_for_pixels(
    collect_all, track_all, redis_client, pixel, settings
):
    settings.PIXEL_STREAM_LIMIT, settings.PIXEL_DISK_RESERVE_MB = 1, 10**9
    assert track_all([a_view()]) == collect_all(a_hit(pixel)) == [Outcome.STORED]
    the_way()._measure_at = 0
    assert track_all([a_view(), a_view("ben")]) == [Outcome.LOST] * 2
    assert collect_all(a_hit(pixel, "Outlook")) == [Outcome.SPOOLED]
    assert redis_client.xlen(stream.stream_key(0, ViewHit)) == 1


def test_it_is_for_pixels_without_redis_as_well(
    collect_all, track_all, redis_is_down, database_is_down, pixel, settings
):
    settings.PIXEL_DISK_RESERVE_MB = 10**9
    assert track_all([a_view()]) == [Outcome.LOST]
    assert collect_all(a_hit(pixel)) == [Outcome.SPOOLED]


def test_page_views_that_pile_up_send_no_pixel_to_the_disk(redis_client, pixel, settings):
    settings.PIXEL_STREAM_LIMIT = 1
    assert collect_views([a_view()]) == [Outcome.STORED]
    the_way()._measure_at = 0
    assert collect_views([a_view()]) == [Outcome.SPOOLED]
    assert collect(a_hit(pixel)) == Outcome.STORED
