"""Over which time openings are shown, and in which steps."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.tests.factories import make_campaign, make_contact
from tracking.statistics import Question, spread_of
from tracking.statistics.spread import Step
from tracking.tests.opened import open_pixel

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def spread(zone: str, now: datetime, *moments: datetime):
    group = make_campaign().groups.get()
    for at in moments:
        open_pixel(make_contact(group, scheduled_at=NOON - HOUR).pixels.first(), at)
    return spread_of([group.pk], Question(zone=ZoneInfo(zone)), now)


def numbers(found) -> list[int]:
    return [sum(bucket.openings.values()) for bucket in found.buckets]


def test_before_the_first_opening_there_is_no_time():
    assert spread("UTC", NOON).buckets == []


def test_the_first_hours_are_shown_by_quarters_up_to_now():
    found = spread("UTC", NOON + HOUR, NOON, NOON + 20 * MINUTE, NOON + 29 * MINUTE)
    assert found.step is Step.QUARTER
    assert found.buckets[0].at == NOON
    assert numbers(found) == [1, 2, 0, 0, 0]


@pytest.mark.parametrize(
    ("span", "step", "buckets"),
    [(13 * HOUR, Step.HOUR, 14), (5 * DAY, Step.DAY, 6), (140 * DAY, Step.WEEK, 21)],
)
def test_the_longer_it_goes_on_the_longer_the_steps(span, step, buckets):
    found = spread("UTC", NOON + span + HOUR // 2, NOON, NOON + span)
    assert found.step is step
    assert sum(numbers(found)) == 2
    assert buckets <= len(found.buckets) <= buckets + 1


def test_a_campaign_that_has_gone_quiet_ends_with_its_last_opening():
    found = spread("UTC", NOON + 90 * DAY, NOON, NOON + 2 * HOUR)
    assert len(found.buckets) == 9


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_nothing_is_lost_where_clocks_are_turned(zone):
    moments = [datetime(2026, 3, 27, tzinfo=UTC) + hours * HOUR for hours in range(0, 240, 7)]
    found = spread(zone, moments[-1], *moments)
    assert found.step is Step.DAY
    assert sum(numbers(found)) == len(moments)
    days = [bucket.at.astimezone(ZoneInfo(zone)) for bucket in found.buckets]
    assert all((day.hour, day.minute) == (0, 0) for day in days)
    assert len(days) == (days[-1].date() - days[0].date()).days + 1


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Australia/Lord_Howe"])
def test_hours_are_those_of_the_zone(zone):
    found = spread(zone, NOON + 20 * HOUR, NOON, NOON + 14 * HOUR + 31 * MINUTE)
    assert found.step is Step.HOUR
    assert {bucket.at.astimezone(ZoneInfo(zone)).minute for bucket in found.buckets} == {0}
    assert sum(numbers(found)) == 2
