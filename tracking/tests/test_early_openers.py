"""Contacts that opened although they are scheduled for later: they are due, once."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from campaigns.models import Contact
from campaigns.tests.house import House
from tracking.correct import delete_opening
from tracking.models import ContactOpenings, Opening
from tracking.statistics import statistics_of
from tracking.tests.opened import open_pixel
from tracking.tests.recounted import drift

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 30, 20, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def house():
    with time_machine.travel(NOW, tick=False):
        yield House()


def reschedule(house, moment):
    address = f"/api/contacts/{house.contact.pk}/"
    response = house.client.patch(address, {"scheduled_at": moment.isoformat()}, format="json")
    assert response.status_code == 200, response.content


def due(house) -> int:
    assert drift() == 0
    return statistics_of(house.campaign)["due"]


def test_a_contact_that_opened_is_due_however_it_is_rescheduled(house):
    reschedule(house, NOW + DAY)
    assert due(house) == 0
    open_pixel(house.pixel, NOW - HOUR)
    assert due(house) == 1
    for moment in (NOW - DAY, NOW + DAY, NOW + 2 * DAY, NOW - 2 * HOUR):
        reschedule(house, moment)
        assert due(house) == 1


def test_within_its_minute_a_contact_is_due_once(house):
    reschedule(house, NOW + timedelta(seconds=30))  # of the same minute
    open_pixel(house.pixel, NOW - HOUR)
    assert due(house) == 1
    reschedule(house, NOW + timedelta(seconds=50))  # of the next one
    assert due(house) == 1


def test_a_schedule_that_comes_in_a_bulk_is_followed(house):
    open_pixel(house.pixel, NOW - HOUR)
    row = {"group": house.group.pk, "email": house.contact.email}
    row["scheduled_at"] = (NOW + DAY).isoformat()
    response = house.client.post("/api/contacts/bulk/", {"contacts": [row]}, format="json")
    assert response.json()["results"] == [{"id": house.contact.pk, "created": False}]
    assert due(house) == 1


def test_whose_opening_was_deleted_is_early_no_more(house):
    reschedule(house, NOW + DAY)
    open_pixel(house.pixel, NOW - HOUR)
    delete_opening(Opening.objects.get().pk, by="somebody")
    assert due(house) == 0


def test_who_is_removed_is_early_no_more(house):
    reschedule(house, NOW + DAY)
    open_pixel(house.pixel, NOW - HOUR)
    Contact.objects.get(pk=house.contact.pk).remove()
    assert due(house) == 0


def test_nobody_who_opened_in_time_is_in_the_index(house):
    reschedule(house, NOW - DAY)
    open_pixel(house.pixel, NOW - HOUR)
    row = ContactOpenings.objects.get()
    assert row.early_group is row.early_until is None
