"""Persons are erased and removed, and old openings deleted, while hits come in."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction

from accounts.tests.at_once import at_once
from campaigns.erasure import Overtaken
from campaigns.models import Contact
from campaigns.tests.factories import make_campaign, make_contact, make_user
from tracking import retention
from tracking.hit import Hit
from tracking.models import ContactOpenings, Opening, OpeningCount
from tracking.record import record
from tracking.retention import forget_openings_before
from tracking.tests.recounted import assert_counts_hold
from tracking.tests.test_concurrency import CONSUMERS

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BATCHES = 8
ADA = "ada@example.com"


@pytest.fixture
def contacts():
    """Ten of them, in two groups; Ada is in both."""
    groups = make_campaign(make_user().own_team, group_names=("A", "B")).groups.order_by("pk")
    return [
        make_contact(group, pixels=2, **fields)
        for group in groups
        for fields in ({"email": ADA, "name": "Ada"}, *[{}] * 4)
    ]


def hits_of(contacts, batch=0, number=0) -> list[Hit]:
    """All pixels of all mails, each consumer in another order, an hour later in each batch."""
    uuids = [pixel.uuid.bytes for contact in contacts for pixel in contact.pixels.all()]
    at = round((NOON + batch * timedelta(hours=1)).timestamp() * 1000)
    turned = uuids[number:] + uuids[:number]
    return [
        Hit(uuid4().bytes, uuid, at, user_agent=f"reader {number}", network="203.0.113.0/24")
        for uuid in turned
    ]


def beside_consumers(contacts, act):
    """`act` while three consumers record."""

    def work(number):
        if number == 0:
            act()
            return
        for batch in range(BATCHES):
            record(hits_of(contacts, batch, number))

    at_once(CONSUMERS, work)


def test_a_person_is_erased_while_their_mails_are_opened(contacts):
    record(hits_of(contacts))
    beside_consumers(contacts, contacts[0].erase)
    erased = Contact.objects.filter(erased_at__isnull=False)
    assert {contact.pk for contact in erased} == {contacts[0].pk, contacts[5].pk}
    theirs = Opening.objects.filter(contact__in=erased)
    assert theirs.exists()
    assert not theirs.exclude(user_agent=None, network="").exists()
    counted = theirs.count()
    record(hits_of(contacts, BATCHES + 1))
    assert theirs.count() == counted
    assert Opening.objects.exclude(contact__in=erased).count() == 8 * 2 * (3 * BATCHES + 2)
    assert_counts_hold()


def test_contacts_are_removed_while_their_mails_are_opened(contacts):
    record(hits_of(contacts))

    def remove():
        for contact in contacts[:3]:
            contact.remove()

    beside_consumers(contacts, remove)
    gone = [contact.pk for contact in contacts[:3]]
    assert not Opening.objects.filter(contact__in=gone).exists()
    assert not ContactOpenings.objects.filter(contact__in=gone).exists()
    assert Opening.objects.count() == 7 * 2 * (3 * BATCHES + 1)
    assert_counts_hold()


def test_two_nightly_runs_at_once_beside_consumers_archive_each_opening_once(contacts, monkeypatch):
    monkeypatch.setattr(retention, "DELETED_AT_ONCE", 7)
    for batch in range(-6, 0):
        record(hits_of(contacts, batch))
    deleted = []

    def work(number):
        if number < 2:
            deleted.append(sum(forget_openings_before(NOON)))
        else:
            for batch in range(BATCHES):
                record(hits_of(contacts, batch, number))

    at_once(CONSUMERS, work)
    assert sum(deleted) == 6 * 20
    assert Opening.objects.count() == 2 * BATCHES * 20
    openings = sum(OpeningCount.objects.values_list("openings", flat=True))
    assert openings == 6 * 20 + 2 * BATCHES * 20
    assert_counts_hold()


def test_an_address_that_is_added_while_it_is_erased_is_on_no_list_afterwards(contacts):
    team = contacts[0].group.campaign.team
    groups = [make_campaign(team).groups.get() for _ in range(60)]
    refused = []

    def work(number):
        if number == 0:
            contacts[0].erase()
            return
        for group in groups[number - 1 :: 3]:
            try:
                make_contact(group, email=ADA)
            except Overtaken:
                refused.append(group)

    at_once(CONSUMERS, work)
    assert not Contact.objects.filter(email_key=ADA).exists()
    erased = Contact.objects.filter(erased_at__isnull=False).count()
    assert erased + len(refused) == 2 + 60


def test_an_erasure_waits_for_a_contact_that_is_being_added(contacts):
    group = make_campaign(contacts[0].group.campaign.team).groups.get()
    erasing = threading.Thread(target=in_own_connection, args=(contacts[0].erase,))
    with transaction.atomic():
        added = make_contact(group, email=ADA)
        erasing.start()
        erasing.join(0.5)  # it would be through by now if it did not wait
    erasing.join()
    added.refresh_from_db()
    assert added.erased_at


def in_own_connection(act):
    try:
        act()
    finally:
        connection.close()


def test_two_erase_the_same_person_at_once(contacts):
    same = [Contact.objects.get(pk=contacts[place].pk) for place in (0, 5, 0, 5)]
    at_once(CONSUMERS, lambda number: same[number].erase())
    assert all(contact.erased_at for contact in same)
    assert Contact.objects.filter(email__endswith="@erased.invalid").count() == 2
