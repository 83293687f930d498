"""The metric that tells when kept counts are not those of the openings."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from prometheus_client import REGISTRY

from campaigns.tests.factories import make_contact
from tracking import drift
from tracking.kept_numbers import kept_numbers
from tracking.models import CountedDay, OpeningBreakdown, OpeningCount
from tracking.tasks import look_for_drift
from tracking.tests.opened import open_pixel

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def contact():
    contact = make_contact()
    for day in range(4):
        open_pixel(contact.pixels.get(), NOON + day * DAY)
    return contact


def checked() -> float:
    return REGISTRY.get_sample_value("pixeltrack_counts_checked_days_total")


def told() -> float:
    """What the metric says."""
    [drift] = [each for each in kept_numbers() if each.name == "pixeltrack_counts_drift"]
    return drift.samples[0].value


def test_it_is_none_where_counts_are_right(contact):
    before = checked()
    look_for_drift()
    assert told() == 0
    assert checked() == before + 4


def test_it_is_the_sum_of_all_differences_until_they_are_mended(contact, caplog, monkeypatch):
    rows = OpeningCount.objects.order_by("quarter")
    rows.filter(pk=rows[0].pk).update(openings=4)
    OpeningBreakdown.objects.filter(day=NOON.date() + DAY, dimension="os").delete()
    look_for_drift()
    assert told() == 3 + 2  # an opening and a mail open, for one system
    assert f"group {contact.group_id} on 2026-03-01 differ by 3" in caplog.text
    assert rows[0].openings == 4  # nothing is mended
    monkeypatch.setattr(drift, "days_to_look_at", list)
    look_for_drift()
    assert told() == 3 + 2  # others are looked at
    call_command("rebuild_counts", stdout=StringIO())
    look_for_drift()
    assert told() == 0


def test_days_that_would_hold_consumers_up_are_left_out(contact, monkeypatch):
    other = make_contact(contact.group)
    open_pixel(other.pixels.get(), NOON)
    OpeningCount.objects.all().delete()
    monkeypatch.setattr(drift, "MOST_OPENINGS", 1)
    look_for_drift()
    left_out = CountedDay.objects.get(drift=0)
    assert left_out.day == NOON.date()
    assert left_out.looked_at  # the next time others are first


def test_the_latest_days_are_looked_at_and_all_others_in_turn(contact, monkeypatch):
    monkeypatch.setattr(drift, "LATEST", 1)
    monkeypatch.setattr(drift, "OLD", 0)
    assert [each.day for each in drift.days_to_look_at()] == [NOON.date() + 3 * DAY]
    monkeypatch.setattr(drift, "RECENT", 0)
    monkeypatch.setattr(drift, "OLD", 2)
    looked_at = []
    for _ in range(3):
        looked_at.append([each.day.day for each in drift.days_to_look_at()])
        look_for_drift()
    assert looked_at == [[1, 2], [3, 4], [1, 2]]


def test_without_openings_or_with_removed_groups_there_is_nothing_to_look_at(contact):
    contact.group.campaign.remove()
    look_for_drift()
    assert CountedDay.objects.exists()
    assert told() == 0
    CountedDay.objects.all().delete()
    look_for_drift()
