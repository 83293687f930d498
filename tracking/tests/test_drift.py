"""The metric that tells when kept counts are not those of the openings."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from campaigns.tests.factories import make_contact
from tracking import drift
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


def metric(name) -> float:
    return REGISTRY.get_sample_value(f"pixeltrack_counts_{name}")


def test_it_is_none_where_counts_are_right(contact):
    before = metric("checked_days_total")
    look_for_drift()
    assert metric("drift") == 0
    assert metric("checked_days_total") == before + 4


def test_it_is_the_sum_of_all_differences(contact, caplog):
    rows = OpeningCount.objects.order_by("quarter")
    rows.filter(pk=rows[0].pk).update(openings=4)
    OpeningBreakdown.objects.filter(day=NOON.date() + DAY, dimension="os").delete()
    look_for_drift()
    assert metric("drift") == 3 + 2  # an opening and a mail open, for one system
    assert f"group {contact.group_id} on 2026-03-01 differ by 3" in caplog.text
    assert rows[0].openings == 4  # nothing is mended


def test_days_that_would_hold_consumers_up_are_left_out(contact, monkeypatch):
    other = make_contact(contact.group)
    open_pixel(other.pixels.get(), NOON)
    monkeypatch.setattr(drift, "MOST_OPENINGS", 1)
    days = {day for _, day in drift.days_to_look_at()}
    assert days == {NOON.date() + day * DAY for day in range(1, 4)}


def test_the_latest_days_are_looked_at_and_some_old_ones(contact, monkeypatch):
    monkeypatch.setattr(drift, "LATEST", 1)
    monkeypatch.setattr(drift, "OLD", 0)
    latest = NOON.date() + 3 * DAY
    assert drift.days_to_look_at() == [(contact.group_id, latest)]
    monkeypatch.setattr(drift, "RECENT", 0)
    monkeypatch.setattr(drift, "OLD", 40)
    assert len(drift.days_to_look_at()) > 1


def test_without_openings_or_with_removed_groups_there_is_nothing_to_look_at(contact):
    contact.group.campaign.remove()
    look_for_drift()
    assert CountedDay.objects.exists()
    assert metric("drift") == 0
    CountedDay.objects.all().delete()
    look_for_drift()
