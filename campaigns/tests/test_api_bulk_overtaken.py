"""Bulk requests whose contacts change while they run."""

import pytest
from django.db import IntegrityError

from accounts.tests.people import assert_problem
from campaigns.models import Contact, schedule
from campaigns.tests.bulk_requests import URL, send

pytestmark = pytest.mark.django_db


def look_first(monkeypatch, glance):
    """Where the request looks for its addresses first, it sees `glance`; then what is there."""
    look, glances = schedule.ScheduleQuerySet._at, [glance]
    monkeypatch.setattr(
        schedule.ScheduleQuerySet,
        "_at",
        lambda self, places: glances.pop() if glances else look(self, places),
    )


def test_a_request_that_is_overtaken_looks_again(house, monkeypatch):
    """Another request stores the same address after this one has looked for it."""
    contact = house.add_contact(email="a@example.com", name="theirs")
    look_first(monkeypatch, [])
    assert send(house, {"email": "a@example.com", "name": "ours"}) == [
        {"id": contact.pk, "created": False}
    ]
    contact.refresh_from_db()
    assert contact.name == "ours"


def test_what_was_not_given_stays_as_somebody_just_made_it(house, monkeypatch):
    """Another request changes the contact after this one has looked at it, before it locks it."""
    contact = house.add_contact(email="a@example.com", external_id="old")
    lock = schedule.ScheduleQuerySet._lock_outdated

    def be_overtaken_then_lock(self, rows, contacts):
        Contact.objects.filter(pk=contact.pk).update(external_id="new")
        return lock(self, rows, contacts)

    monkeypatch.setattr(schedule.ScheduleQuerySet, "_lock_outdated", be_overtaken_then_lock)
    send(house, {"email": "a@example.com", "name": "Ada"})
    contact.refresh_from_db()
    assert (contact.name, contact.external_id) == ("Ada", "new")


def test_a_contact_that_takes_another_address_meanwhile_is_left_alone(house, monkeypatch):
    contact = house.add_contact(email="a@example.com", name="Ada")
    as_seen = Contact.objects.get(pk=contact.pk)
    contact.email = "b@example.com"
    contact.save()
    look_first(monkeypatch, [as_seen])
    (result,) = send(house, {"email": "a@example.com", "name": "Other"})
    assert result["created"]
    contact.refresh_from_db()
    assert (contact.name, contact.email) == ("Ada", "b@example.com")


def test_a_request_that_is_always_overtaken_is_asked_to_try_again(house, monkeypatch):
    def overtaken(self, rows):
        raise IntegrityError

    monkeypatch.setattr(schedule.ScheduleQuerySet, "take_in", overtaken)
    response = house.client.post(
        URL, {"contacts": [{"group": house.group.pk, "email": "a@example.com"}]}
    )
    assert_problem(response, 409, "conflict")
