"""What statistics keep of the days that they have read, and when they read them again."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from campaigns.tests.factories import make_campaign, make_contact
from campaigns.tests.house import House
from tracking.models import CountedDay, OpeningBreakdown, OpeningCount
from tracking.rebuild import Rebuild
from tracking.statistics import Question, days, statistics_of
from tracking.statistics.sums import as_told
from tracking.tests.opened import MACHINE, PERSON, open_pixel

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def house():
    with time_machine.travel(NOON + 3 * DAY, tick=False):
        house = House(pixels=1)
        house.contacts = [house.add_contact(scheduled_at=NOON - HOUR) for _ in range(4)]
        open_pixel(pixel_of(house, 0), NOON, PERSON)
        open_pixel(pixel_of(house, 1), NOON + DAY, MACHINE)
        yield house


def pixel_of(house, number):
    return house.contacts[number].pixels.get()


def total(house, **asked) -> int:
    return statistics_of(house.campaign, Question(**asked))["openings"]["total"]


def counts_read(house, **asked) -> list[str]:
    """The queries of counts."""
    tables = OpeningCount._meta.db_table, OpeningBreakdown._meta.db_table
    with CaptureQueriesContext(connection) as captured:
        statistics_of(house.campaign, Question(**asked))
    return [query["sql"] for query in captured if any(each in query["sql"] for each in tables)]


def test_what_has_not_changed_is_read_once(house):
    assert len(counts_read(house)) == 2
    assert counts_read(house) == []
    assert total(house) == 2


def test_a_day_that_has_changed_is_read_again_and_no_other(house):
    total(house)
    open_pixel(pixel_of(house, 2), NOON + DAY, PERSON)
    read = counts_read(house)
    assert len(read) == 2
    assert all("2026-03-02" in sql and "2026-03-01" not in sql for sql in read)
    assert total(house) == 3


def test_it_is_not_fooled_by_what_was_rolled_back(house):
    with transaction.atomic():
        open_pixel(pixel_of(house, 2), NOON, PERSON)
        assert total(house) == 3
        transaction.set_rollback(True)
    assert total(house) == 2
    open_pixel(pixel_of(house, 3), NOON + HOUR, PERSON)
    series = statistics_of(house.campaign)["series"]
    assert [bucket["at"] for bucket in series] == list(
        map(as_told, (NOON, NOON + HOUR, NOON + DAY))
    )


def test_what_rebuilding_has_mended_is_read_again(house):
    OpeningCount.objects.update(openings=9)
    assert total(house) == 18
    for _ in Rebuild([house.group.pk, house.other_group.pk]).day_steps():
        pass
    assert total(house) == 2


def test_a_removed_contact_takes_its_day_along(house):
    assert total(house) == 2
    house.contacts[0].remove()
    assert total(house) == 1


def test_a_day_without_a_stamp_is_always_read(house):
    CountedDay.objects.update(stamp=0)
    assert len(counts_read(house)) == len(counts_read(house)) == 2


def test_zones_with_half_hours_keep_their_own(house):
    open_pixel(pixel_of(house, 2), NOON + 45 * MINUTE, PERSON)
    assert len(statistics_of(house.campaign)["series"]) == 2
    kolkata = Question(zone=ZoneInfo("Asia/Kolkata"))
    series = statistics_of(house.campaign, kolkata)["series"]
    begins = [NOON - 30 * MINUTE, NOON + 30 * MINUTE, NOON + DAY - 30 * MINUTE]
    assert [bucket["at"] for bucket in series] == list(map(as_told, begins))
    assert counts_read(house) == counts_read(house, zone=ZoneInfo("Asia/Kolkata")) == []


def test_an_end_of_a_period_within_a_day_is_read_each_time(house):
    open_pixel(pixel_of(house, 2), NOON + HOUR, PERSON)
    assert total(house, begin=NOON + HOUR / 2) == 2
    assert total(house, begin=NOON + HOUR / 2, end=NOON + DAY) == 1
    assert len(counts_read(house, begin=NOON + HOUR / 2, end=NOON + DAY)) == 1
    assert counts_read(house, begin=NOON - NOON.hour * HOUR) == []


def test_what_was_read_longest_ago_goes_where_there_is_no_room(house, monkeypatch):
    other = make_campaign()
    open_pixel(make_contact(other.groups.get()).pixels.first(), NOON, PERSON)
    total(house)
    monkeypatch.setattr(days, "MOST_KEPT", days.kept.size)
    statistics_of(other)
    left = {group for key in days.kept.days for group in days.groups_of(key)}
    assert other.groups.get().pk in left
    assert days.kept.size == sum(map(days.size_of, days.kept.days.values())) <= days.MOST_KEPT


def test_a_campaign_with_more_than_there_is_room_for_is_read_once_all_the_same(house, monkeypatch):
    monkeypatch.setattr(days, "MOST_KEPT", 1)
    total(house)
    assert counts_read(house) == []
    assert days.kept.size == sum(map(days.size_of, days.kept.days.values())) > 1


def test_what_was_made_of_days_goes_with_them(house, monkeypatch):
    total(house)
    assert days.kept.made
    monkeypatch.setattr(days, "MOST_KEPT", 0)
    days.kept.keep({})
    assert days.kept.days == days.kept.made == {}


def test_what_somebody_is_being_told_changes_for_the_next_one_only(house):
    total(house)
    spans = [span for _, span in days.kept.made.values()]
    before = [span.copy() for span in spans]
    open_pixel(pixel_of(house, 2), NOON + DAY, PERSON)
    assert total(house) == 3
    assert spans == before


class TakenMeanwhile(dict):
    """Whose keys another thread is always quicker to take out."""

    def pop(self, key, *default):
        super().pop(key, None)
        return super().pop(key, *default)


def test_two_threads_may_read_a_day_anew_at_once(house, monkeypatch):
    total(house)
    monkeypatch.setattr(days.kept, "days", TakenMeanwhile(days.kept.days))
    CountedDay.objects.update(stamp=7)
    assert total(house) == 2


def test_what_is_kept_says_what_is_said_by_who_keeps_nothing(house, monkeypatch):
    """Also the sums of days, of which few are another way than before, and of all groups."""
    pixels = [pixel_of(house, number) for number in range(3)]
    pixels.append(house.add_contact(house.other_group, scheduled_at=NOON - HOUR).pixels.get())
    asked = [{}, {"begin": NOON - NOON.hour * HOUR + DAY}, {"verdict": "machine"}]
    asked += [{"begin": NOON + HOUR, "end": NOON + 4 * DAY}]
    asked += [{"bucket": "day", "zone": ZoneInfo(zone)} for zone in ("Asia/Kolkata", "Asia/Tokyo")]
    for step, day in enumerate([0, 1, 2, 3, 4, 5, 2, 2, 0, 6, 3]):
        moment = NOON + day * DAY + step * 2 * HOUR
        open_pixel(pixels[step % 4], moment, (PERSON, MACHINE)[step % 2])
        for each in asked:
            kept = statistics_of(house.campaign, Question(**each))
            with monkeypatch.context() as patched:
                patched.setattr(days, "kept", days.KeptDays())
                assert statistics_of(house.campaign, Question(**each)) == kept
