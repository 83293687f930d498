"""What is kept beside contacts, where several change them at the same time, on real connections."""

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from accounts.tests.at_once import all_at_once, at_once
from campaigns import import_steps, removal_steps
from campaigns.models import Contact, ContactImport, Removal, schedule
from campaigns.models.campaign_turn import CampaignTurnQuerySet
from campaigns.models.schedule import ContactRow
from campaigns.recount import recount_contacts
from campaigns.tests.house import House
from campaigns.tests.importing import send, table
from campaigns.tests.recounted import assert_kept_follows, marks

pytestmark = pytest.mark.django_db(transaction=True)
ADA = "ada@example.com"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALONE = 0.2  # seconds that who is first waits for the second, where only one at a time may write


@pytest.fixture
def all_have_written(monkeypatch):
    """Each of two transactions asks for its turn when both have stored what they store."""
    barrier, take = threading.Barrier(2), CampaignTurnQuerySet.take

    def take_together(self, groups):
        with suppress(threading.BrokenBarrierError):
            barrier.wait(None if connection.vendor == "mysql" else ALONE)
        return take(self, groups)

    def begin():
        monkeypatch.setattr(CampaignTurnQuerySet, "take", take_together)

    return begin


def test_one_address_added_to_two_groups_at_once_is_marked_in_both(all_have_written):
    house = House()
    all_have_written()
    added = all_at_once(
        [
            lambda: house.add_contact(email=ADA),
            lambda: house.add_contact(house.other_group, email=ADA),
        ]
    )
    assert marks() == {contact.pk for contact in added}
    assert_kept_follows()


def test_of_three_two_go_at_once_and_the_one_that_is_left_is_not_marked(all_have_written):
    house = House()
    third = house.campaign.groups.create(name="C")
    contacts = [house.add_contact(each, email=ADA) for each in (house.group, house.other_group)]
    house.add_contact(third, email=ADA)
    all_have_written()
    all_at_once([contact.remove for contact in contacts])
    assert marks() == set()
    assert_kept_follows()


def test_one_comes_while_its_twin_goes(all_have_written):
    house = House()
    twin = house.add_contact(email=ADA)
    all_have_written()
    all_at_once([twin.remove, lambda: house.add_contact(house.other_group, email=ADA)])
    assert marks() == set()
    assert_kept_follows()


def test_one_comes_while_its_twin_gets_another_address(all_have_written):
    house = House()
    twin = house.add_contact(email=ADA)
    url = f"/api/contacts/{twin.pk}/"
    all_have_written()
    reply, _ = all_at_once(
        [
            lambda: house.client.patch(url, {"email": "bob@example.com"}),
            lambda: house.add_contact(house.other_group, email=ADA),
        ]
    )
    assert reply.status_code == 200
    assert marks() == set()
    assert_kept_follows()


def test_all_kinds_of_changes_at_once(monkeypatch):
    """The same addresses come into both groups, are rescheduled, removed, erased and recounted."""
    monkeypatch.setattr(schedule, "CHUNK", 10)
    monkeypatch.setattr(import_steps, "CHUNK", 10)
    monkeypatch.setattr(removal_steps, "STEP_CONTACTS", 7)
    house = House()
    third = house.campaign.groups.create(name="C")
    people = [f"{number}@example.com" for number in range(40)]
    for group in (house.group, third):
        Contact.objects.schedule_many(
            [ContactRow(group, person, {"scheduled_at": NOON}) for person in people]
        )
    erased = Contact.objects.get(group=house.group, email_key=people[0])
    text = table("email,group", *(f"{person},B" for person in people))
    send(house.campaign, text, scheduled_at=NOON + timedelta(days=1))
    third.remove()

    def reschedule():
        for minute in range(3):
            fields = {"scheduled_at": NOON + timedelta(minutes=minute)}
            rows = [ContactRow(house.group, person, fields) for person in people[::-1]]
            Contact.objects.schedule_many(rows)

    def remove():
        going = list(Contact.objects.filter(group=house.group).order_by("-pk")[:15])
        for first in range(0, 15, 5):
            some = [contact.pk for contact in going[first : first + 5]]
            Contact.objects.filter(pk__in=some).remove()

    all_at_once(
        [
            import_steps.work,
            reschedule,
            remove,
            lambda: removal_steps.work(60, pause=lambda seconds: None),
            erased.erase,
            lambda: [recount_contacts(house.campaign.pk) for _ in range(3)],
        ]
    )
    assert ContactImport.objects.get().state == ContactImport.State.DONE
    assert Removal.objects.get().state == Removal.State.DONE
    before = marks()
    assert before
    assert_kept_follows(before)
    assert recount_contacts(house.campaign.pk) == 0


def test_many_who_add_one_after_another_to_one_minute_are_all_counted():
    house = House()

    def add(number):
        for turn in range(5):
            group = (house.group, house.other_group)[(number + turn) % 2]
            house.add_contact(group, email=f"{number}-{turn}@example.com", scheduled_at=NOON)

    at_once(4, add)
    assert_kept_follows()
