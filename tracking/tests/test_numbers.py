"""What stores tell when Prometheus asks, and what a process counts on its way."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from queue import Queue
from uuid import uuid4

import pytest
import time_machine
from django.core.management import call_command
from prometheus_client import REGISTRY
from redis.exceptions import RedisError

from campaigns.models import Campaign
from campaigns.tests.factories import make_campaign, make_contact
from tests.services import wait_until
from tracking import backlog, nodes, stream
from tracking.backlog import stream_backlog
from tracking.breaker import Breaker
from tracking.campaign_openings import MOST_CAMPAIGNS, CampaignOpenings
from tracking.decision import Decision
from tracking.host import host_numbers
from tracking.kept_numbers import kept_numbers
from tracking.metrics import BREAKER_OPEN
from tracking.models import QuarantinedHit
from tracking.outcome import Outcome
from tracking.page_views.hit import ViewHit
from tracking.tests.consuming import a_hit, consumer, impatient, pixel
from tracking.tests.numbers import samples
from tracking.tests.opened import MACHINE, open_pixel
from tracking.verdict_data_age import verdict_data_age
from tracking.way import Ways

__all__ = ["consumer", "impatient", "pixel"]  # fixtures
pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def value(name, **labels) -> float | None:
    return REGISTRY.get_sample_value(f"pixeltrack_{name}", labels)


# -- Streams -----------------------------------------------------------------------------------
def test_a_stream_tells_what_waits_how_long_and_what_is_being_recorded(
    consumer, pixel, redis_client
):
    nothing = samples(stream_backlog())
    assert set(nothing.values()) == {0}
    stream.append([a_hit(pixel)])
    redis_client.xadd(stream.stream_key(0, ViewHit), {b"x": b"y"}, id=f"{1_000}-0")
    consumer.stream.open()
    consumer.stream.read(1, 0, [type(a_hit(pixel))])
    told = samples(stream_backlog())
    assert [told[name, "pixel"] for name in ("stream_entries", "stream_pending_entries")] == [1, 1]
    assert 0 <= told["stream_lag_seconds", "pixel"] < 60
    assert [told[name, "page_view"] for name in ("stream_entries", "stream_pending_entries")] == [
        1,
        0,
    ]
    since_1970 = datetime.now(UTC).timestamp()
    assert told["stream_lag_seconds", "page_view"] == pytest.approx(since_1970 - 1, abs=60)


def test_streams_of_several_shards_are_one_number(settings, pixel, redis_client):
    settings.REDIS_STREAM_SHARDS = 3
    for shard in range(3):
        redis_client.xadd(f"{{hits:{shard}}}:stream", {b"x": b"y"})
    assert samples(stream_backlog())["stream_entries", "pixel"] == 3


def test_a_redis_that_is_away_is_an_error(redis_is_down):
    with pytest.raises(RedisError):
        list(stream_backlog())


def test_a_batch_is_counted_and_timed(consumer, pixel):
    before = value("batch_hits_sum", kind="pixel"), value("batch_seconds_count", kind="pixel")
    stream.append([a_hit(pixel), a_hit(pixel, "Outlook")])
    consumer.step()
    assert value("batch_hits_sum", kind="pixel") == before[0] + 2
    assert value("batch_seconds_count", kind="pixel") == before[1] + 1


# -- Labels ------------------------------------------------------------------------------------
def test_what_never_happened_is_told_as_0_from_the_start():
    for counter in ("hits", "page_views"):
        assert all(value(f"{counter}_total", outcome=each) is not None for each in Outcome)
        decisions = (*Decision, "quarantined")
        for each in decisions:
            assert value(f"recorded_{counter}_total", decision=each) is not None


def test_a_breaker_tells_that_it_is_open_until_it_closes():
    tell = BREAKER_OPEN.labels("redis").set
    breaker = Breaker(tell=tell)
    for verb, is_open in ((breaker.failed, 1), (breaker.failed, 1), (breaker.succeeded, 0)):
        verb()
        assert value("breaker_open", breaker="redis") == is_open


def test_a_breaker_that_nobody_asks_any_more_is_not_told_as_open_for_ever(monkeypatch):
    monkeypatch.setattr(Breaker, "QUIET_S", 0.2)
    told = Queue()
    breaker = Breaker(tell=told.put)
    for _ in range(2):
        breaker.failed()
        breaker.failed()
        assert [told.get(timeout=10) for _ in range(3)] == [True, True, False]
        assert breaker.is_open  # whoever asks next finds out
    assert told.empty()


def test_one_node_of_several_that_fails_is_enough_to_be_told_of(monkeypatch):
    monkeypatch.setattr(Breaker, "QUIET_S", 0.2)
    ways = Ways()
    one, two = ways.to("redis://one").breaker, ways.to("redis://two").breaker
    one.failed()
    two.failed()
    one.succeeded()
    assert value("breaker_open", breaker="redis") == 1
    # Nobody asks the second one again: it is not told of for ever.
    wait_until(lambda: value("breaker_open", breaker="redis") == 0, what="its breaker is told shut")
    assert two.is_open


def test_a_node_that_fails_leaves_the_backlog_of_the_others_to_be_told(monkeypatch, settings):
    settings.REDIS_STREAM_SHARDS = 2
    monkeypatch.setattr(nodes, "look", lambda: None)
    monkeypatch.setattr(
        nodes, "shards_by_node", lambda: {"redis://gone": [0], "redis://there": [1]}
    )
    failing = {"redis://gone"}

    def measured(node, streams):
        if node in failing:
            raise RedisError
        return [(3, 2, 5000)] * len(streams)

    monkeypatch.setattr(backlog, "measured", measured)
    assert samples(stream_backlog())["stream_entries", "pixel"] == 3
    failing.add("redis://there")
    with pytest.raises(RedisError):
        list(stream_backlog())


def test_hits_that_find_redis_away_open_its_breaker(redis_is_down, pixel, collect_all):
    collect_all(a_hit(pixel))
    assert value("breaker_open", breaker="redis") == 1


# -- The host ----------------------------------------------------------------------------------
def test_the_host_tells_of_its_spool_and_disk(settings, tmp_path):
    settings.VAR_DIR, settings.PIXEL_DISK_RESERVE_MB = tmp_path, 3
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "one.spool").write_bytes(b"x" * 77)
    told = samples(host_numbers())
    assert told["spool_bytes",] == 77
    assert told["disk_reserve_bytes",] == 3 * 2**20
    assert told["disk_free_bytes",] > 0


def test_verdict_data_is_as_old_as_the_last_that_somebody_did_about_it(tmp_path):
    from_the_future = datetime.now(UTC) + 2000 * DAY
    with time_machine.travel(from_the_future, tick=False):
        [old] = samples(verdict_data_age()).values()
        assert old > 1000 * DAY.total_seconds()
        lists = tmp_path / "networks.csv"
        lists.write_text("network,label\n192.0.2.0/24,place\n")
        call_command("update_verdict_data", str(lists), stdout=StringIO())
    [new] = samples(verdict_data_age()).values()
    assert new == pytest.approx(0, abs=60)


# -- The database --------------------------------------------------------------------------------
def test_quarantined_hits_are_told_as_long_as_they_are_there(django_assert_num_queries):
    QuarantinedHit.objects.put(b"1" * 16, b"garbage", ValueError())
    with django_assert_num_queries(2):
        assert samples(kept_numbers())["quarantined_hits",] == 1
    QuarantinedHit.objects.all().delete()
    assert samples(kept_numbers())["quarantined_hits",] == 0


def opened(contact, *moments, **reader) -> tuple[str, str]:
    for moment in moments:
        open_pixel(contact.pixels.get(), moment, **reader)
    return str(contact.group.campaign_id), str(contact.group_id)


def test_openings_of_campaigns_follow_what_is_counted(django_assert_num_queries):
    contact, numbers = make_contact(), CampaignOpenings().numbers
    own = opened(contact, NOON, NOON + 2 * HOUR, NOON + 3 * DAY)
    opened(contact, NOON, user_agent=MACHINE)
    told = samples(numbers())
    assert {key[3]: told[key] for key in told} == {"human": 3, "proxy": 0, "machine": 1}
    assert {key[1:3] for key in told} == {own}
    with django_assert_num_queries(3):  # nothing has changed
        assert samples(numbers()) == told
    open_pixel(contact.pixels.get(), NOON + 5 * HOUR)
    with django_assert_num_queries(4):
        assert samples(numbers())["campaign_openings", *own, "human"] == 4
    contact.group.campaign.remove(by="somebody")
    assert samples(numbers()) == {}


def test_only_the_campaigns_that_were_opened_last_are_told(django_assert_max_num_queries):
    contacts = [make_contact() for _ in range(MOST_CAMPAIGNS + 3)]
    places = [opened(contact, NOON) for contact in contacts]
    places.append(opened(contacts[0], NOON + DAY))  # the oldest again
    with django_assert_max_num_queries(4):
        told = {key[1:3] for key in samples(CampaignOpenings().numbers())}
    assert told == set(places[-MOST_CAMPAIGNS:])


def test_a_campaign_of_many_groups_is_cut_short(monkeypatch):
    monkeypatch.setattr("tracking.campaign_openings.MOST_GROUPS", 2)
    campaign = make_campaign()
    for _ in range(3):
        group = campaign.groups.create(name=uuid4().hex)
        opened(make_contact(group), NOON)
    assert len({key[2] for key in samples(CampaignOpenings().numbers())}) == 2
    assert Campaign.objects.count() == 1
