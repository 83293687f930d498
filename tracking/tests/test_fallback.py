"""Redis, then the database, then the spool: the same hit, with the same event id."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock
from uuid import UUID

import pytest
from django.db import OperationalError
from django_redis import get_redis_connection
from redis.exceptions import (
    ConnectionError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TimeoutError,
)

from tracking import collect as collect_module
from tracking import fallback as fallback_module
from tracking import stream
from tracking.collect import collect, collect_views
from tracking.fallback import fallback
from tracking.group_commit import GroupCommit
from tracking.models import Opening, PageView
from tracking.nodes import node_of
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
NOON = 1_772_366_400_000


@pytest.fixture(params=["plain view", "lane"])
def collect_one(request):
    """Collects one hit after the other in one process, as the plain view does or as the lane."""
    if request.param == "plain view":
        yield collect
        return

    async def take(hit):
        outcome = await commit.collect(hit)
        if probing := commit.commit_to(node_of(0))._probing:
            await probing
        return outcome

    with asyncio.Runner() as runner:
        commit = runner.run(begun())
        yield lambda hit: runner.run(take(hit))
        runner.run(commit.close())


async def begun() -> GroupCommit:
    commit = GroupCommit()
    await commit.open()
    return commit


def test_without_redis_the_database_takes_the_hit(collect_all, redis_is_down, pixel):
    hit = a_hit(pixel)
    assert collect_all(hit, a_hit(pixel)) == [Outcome.DATABASE, Outcome.REFRESH]
    assert Opening.objects.get().event_id == UUID(bytes=hit.event_id)


def test_without_both_the_spool_takes_it(collect_all, redis_is_down, database_is_down, pixel):
    hits = [a_hit(pixel), a_hit(pixel, "Outlook")]
    assert collect_all(*hits) == [Outcome.SPOOLED] * 2
    assert spooled() == [hit.event_id for hit in hits]


def test_without_any_the_hit_is_lost_and_counted(
    collect_all, redis_is_down, database_is_down, pixel, settings, caplog
):
    (settings.VAR_DIR / "spool").write_text("in the way")
    before = lost_metric()
    assert collect_all(a_hit(pixel)) == [Outcome.LOST]
    assert lost_metric() == before + 1
    assert caplog.text.count("Lost 1 hits") == 1


def test_with_the_disk_full_a_slow_database_gets_more_time(
    collect_all, redis_is_down, pixel, settings, monkeypatch
):
    (settings.VAR_DIR / "spool").write_text("in the way")
    monkeypatch.setattr(fallback_module, "DATABASE_BUDGET_S", 0)
    monkeypatch.setattr(fallback_module, "LAST_RESORT_S", 20)
    hit, other = a_hit(pixel), a_hit(pixel, "Outlook")
    assert collect_all(hit) == [Outcome.DATABASE]
    fallback().database._breaker.failed()
    assert collect_all(other) == [Outcome.DATABASE]
    assert {opening.event_id.bytes for opening in Opening.objects.all()} == {
        hit.event_id,
        other.event_id,
    }


# -- Page views ----------------------------------------------------------------------------------
def test_without_redis_page_views_go_to_the_spool_past_the_database(
    track_all, redis_is_down, pixel, monkeypatch
):
    asked = Mock(side_effect=OperationalError(1205, "too slow"))
    with monkeypatch.context() as patched:
        patched.setattr(fallback_module, "record_all", asked)
        hits = [a_view(str(number)) for number in range(300)]
        assert track_all(hits) == [Outcome.SPOOLED] * 300
    assert not asked.called
    assert collect(a_hit(pixel)) == Outcome.DATABASE  # whose breaker knows of no failure
    assert sorted(spooled()) == sorted(hit.event_id for hit in hits)


def test_where_the_disk_refuses_the_database_takes_page_views_after_all(
    track_all, redis_is_down, settings, monkeypatch
):
    (settings.VAR_DIR / "spool").write_text("in the way")
    monkeypatch.setattr(fallback_module, "LAST_RESORT_S", 20)
    assert track_all([a_view(), a_view("ben")]) == [Outcome.DATABASE] * 2
    assert PageView.objects.count() == 2


def test_page_views_that_keep_the_database_busy_cost_no_pixel(
    redis_is_down, pixel, settings, monkeypatch
):
    (settings.VAR_DIR / "spool").write_text("in the way")
    monkeypatch.setattr(fallback_module, "DATABASE_BUDGET_S", 5)
    release, record_all = threading.Event(), fallback_module.record_all

    def record_views_slowly(hits):
        if isinstance(hits[0], ViewHit):
            release.wait(60)
        return record_all(hits)

    monkeypatch.setattr(fallback_module, "record_all", record_views_slowly)
    try:
        assert collect_views([a_view()]) == [Outcome.LOST]
        assert collect(a_hit(pixel)) == Outcome.DATABASE
    finally:
        release.set()


def test_where_all_refuse_page_views_are_lost(track_all, redis_is_down, database_is_down, settings):
    (settings.VAR_DIR / "spool").write_text("in the way")
    assert track_all([a_view(), a_view("ben")]) == [Outcome.LOST] * 2


def test_with_nothing_else_left_a_redis_that_failed_is_asked_once_more(
    collect_all, redis_client, database_is_down, pixel, settings
):
    (settings.VAR_DIR / "spool").write_text("in the way")
    the_way().breaker.failed()
    assert collect_all(a_hit(pixel)) == [Outcome.STORED]


def lost_metric():
    return collect_module.COLLECTED.labels("lost")._value.get()


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("refused"),
        TimeoutError("frozen"),
        OutOfMemoryError("OOM command not allowed"),
        ReadOnlyError("READONLY replica"),
        ResponseError("MISCONF"),
        OSError("anything else"),
    ],
)
def test_whatever_redis_says_the_database_takes_the_hit(
    redis_client, pixel, monkeypatch, error, collect_all
):
    async def fail_later(*_):
        raise error

    monkeypatch.setattr(stream, "append", Mock(side_effect=error))
    monkeypatch.setattr(stream.AsyncAppender, "append", fail_later)
    assert collect_all(a_hit(pixel)) == [Outcome.DATABASE]


@pytest.mark.parametrize("script", ["return {}", "return 1", "return false"])
def test_whatever_it_answers_in_the_place_of_the_script_the_database_takes_the_hit(
    redis_client, pixel, monkeypatch, script, collect_all
):
    monkeypatch.setattr(stream, "APPEND", script)
    assert collect_all(a_hit(pixel)) == [Outcome.DATABASE]


def test_a_hit_that_redis_took_without_saying_so_counts_once(redis_client, pixel, monkeypatch):
    hit = a_hit(pixel)
    append = stream.append

    def append_and_time_out(hits):
        append(hits)
        raise TimeoutError("too late")

    monkeypatch.setattr(stream, "append", append_and_time_out)
    assert collect(hit) == Outcome.DATABASE
    [entry] = redis_client.xrange(stream.stream_key(0))
    assert list(entry[1]) == [hit.event_id]
    assert Opening.objects.get().event_id == UUID(bytes=hit.event_id)


def test_a_dead_redis_is_asked_once_a_second(redis_client, pixel, monkeypatch):
    monkeypatch.setattr(the_way().breaker, "_rest", 3600)  # a slow machine takes its time
    asking = Mock(side_effect=ConnectionError("refused"))
    monkeypatch.setattr(stream, "append", asking)
    for number in range(20):
        collect(a_hit(pixel, str(number)))
    assert asking.call_count == 1
    the_way().breaker._try_at = time.monotonic()  # the rest is over
    collect(a_hit(pixel, "later"))
    assert asking.call_count == 2


def test_hits_have_connections_of_their_own_whoever_asks_redis_first(redis_client, settings):
    cool, hot = (get_redis_connection(name).connection_pool for name in ("default", "hits"))
    assert cool is not hot
    assert hot.connection_kwargs["socket_timeout"] == settings.REDIS_HOT["socket_timeout"]
    assert cool.connection_kwargs["socket_timeout"] == settings.REDIS_COOL["socket_timeout"]


@pytest.mark.parametrize(("run", "lost"), [("the same", 0), ("another", 1)])
def test_a_connection_that_was_made_anew_is_asked_whether_redis_is_the_same(
    redis_client, pixel, run, lost
):
    hit = a_hit(pixel)
    assert collect(hit) == Outcome.STORED
    known = stream.run_id(node_of(0))
    the_way().unconfirmed._run_id = known if run == "the same" else "a run before"
    redis_client.client_kill_filter(_type="normal", skipme=True)
    assert collect(a_hit(pixel, "Outlook")) in (Outcome.STORED, Outcome.DATABASE)
    assert (hit.event_id in spooled()) == bool(lost)


@pytest.mark.parametrize("ended", [True, False])
def test_a_process_that_ends_saves_what_a_redis_that_ended_since_may_have_lost(
    redis_client, pixel, ended
):
    hit = a_hit(pixel)

    async def arrive():
        commit = GroupCommit()
        await commit.open()
        outcome = await commit.collect(hit)
        if ended:  # and nobody asked for a pixel since
            redis_client.client_kill_filter(_type="normal", skipme=True)
            async with asyncio.timeout(10):
                while not commit.commit_to(node_of(0))._redis.is_cut_off:
                    await asyncio.sleep(0.001)
        await commit.close()
        return outcome

    assert asyncio.run(arrive()) == Outcome.STORED
    assert (hit.event_id in spooled()) == ended


def test_what_the_disk_refused_when_redis_was_lost_goes_there_as_soon_as_it_can(
    redis_client, pixel, settings, collect_one
):
    (settings.VAR_DIR / "spool").write_text("in the way")
    hit = a_hit(pixel)
    assert collect_one(hit) == Outcome.STORED
    the_way().unconfirmed._run_id = "a run before"
    redis_client.client_kill_filter(_type="normal", skipme=True)
    collect_one(a_hit(pixel, "Outlook"))
    assert the_way().unconfirmed.owes
    (settings.VAR_DIR / "spool").unlink()
    the_way().breaker.succeeded()
    the_way()._measure_at = 0.0  # the quarter of a second is over
    collect_one(a_hit(pixel, "Gmail"))
    assert hit.event_id in spooled()


def test_redis_is_used_again_when_it_is_back(redis_client, pixel, monkeypatch):
    the_way().breaker.failed()
    assert collect(a_hit(pixel)) == Outcome.DATABASE
    the_way().breaker._try_at = time.monotonic()
    assert collect(a_hit(pixel, "Outlook")) == Outcome.STORED
    assert collect(a_hit(pixel, "Gmail")) == Outcome.STORED


def test_a_database_that_hangs_is_not_waited_for(collect_all, redis_is_down, pixel, monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(fallback_module, "record_all", lambda hits: release.wait(30))
    monkeypatch.setattr(fallback_module, "DATABASE_BUDGET_S", 0.05)
    try:
        before = time.monotonic()
        assert collect_all(*(a_hit(pixel, str(n)) for n in range(3))) == [Outcome.SPOOLED] * 3
        assert time.monotonic() - before < 5  # 30 were it waited for
    finally:
        release.set()


def test_the_lane_asks_a_failed_redis_beside_the_hits(redis_client, pixel):
    async def arrive():
        commit = GroupCommit()
        the_way().breaker.failed()
        the_way().breaker._try_at = time.monotonic()  # time to ask
        first = await commit.collect(a_hit(pixel))
        await commit.commit_to(node_of(0))._probing
        second = await commit.collect(a_hit(pixel, "Outlook"))
        await commit.close()
        return first, second

    assert asyncio.run(arrive()) == (Outcome.DATABASE, Outcome.STORED)


def test_a_redis_that_is_back_is_found_while_others_keep_the_shared_threads(redis_client, pixel):
    release = threading.Event()

    async def arrive():
        commit = GroupCommit()
        the_way().breaker.failed()
        the_way().breaker._try_at = time.monotonic()  # time to ask
        await commit.collect(a_hit(pixel))
        await asyncio.wait_for(commit.commit_to(node_of(0))._probing, 10)
        the_way().breaker.failed()
        await asyncio.wait_for(commit.close(), 10)

    async def arrive_meanwhile():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        loop.run_in_executor(None, release.wait, 30)
        try:
            await arrive()
        finally:
            release.set()

    asyncio.run(arrive_meanwhile())


def test_hits_do_not_wait_while_a_failed_database_is_tried(redis_is_down, pixel):
    database = fallback().database
    database._breaker.failed()
    database._breaker._try_at = time.monotonic()  # time to try
    assert collect(a_hit(pixel)) == Outcome.SPOOLED
    database._overdue.result(20)
    assert collect(a_hit(pixel, "Outlook")) == Outcome.DATABASE
    assert Opening.objects.count() == 2  # the first is in the spool as well, and counts once
