"""Two consumers on the same pixels at the same time."""

from uuid import uuid4

import pytest
from django.db.models import Sum

from accounts.tests.at_once import at_once
from campaigns import removal_steps
from campaigns.models import Campaign, Contact, Removal
from campaigns.tests.factories import make_campaign, make_contact
from campaigns.tests.removed import finish_removals
from tracking.hit import Hit
from tracking.models import (
    AnonymousReader,
    ContactOpenings,
    Opening,
    OpeningCount,
    ReaderSalt,
    UserAgent,
)
from tracking.record import record

NOON = 1_772_366_400_000
CONSUMERS = 4
BATCHES = 8


@pytest.mark.django_db(transaction=True)
def test_consumers_at_once_count_each_pixel_and_reader_once():
    group = make_contact(pixels=2).group
    for _ in range(9):
        make_contact(group, pixels=2)
    pixels = [
        uuid.bytes
        for contact in group.contacts.all()
        for uuid in contact.pixels.values_list("uuid", flat=True)
    ]

    def consume(number):
        for batch in range(BATCHES):
            # Each in another order, with User-Agents that some others bring at the same time.
            turned = pixels[number:] + pixels[:number]
            agent = f"reader {batch}"
            record([Hit(uuid4().bytes, pixel, NOON, user_agent=agent) for pixel in turned])

    at_once(CONSUMERS, consume)
    assert Opening.objects.count() == len(pixels) * BATCHES
    assert Opening.objects.filter(begins_mail_open=True).count() == 10 * BATCHES
    counted = OpeningCount.objects.aggregate(Sum("openings"), Sum("mail_opens"))
    assert counted == {"openings__sum": 20 * BATCHES, "mail_opens__sum": 10 * BATCHES}
    assert OpeningCount.objects.aggregate(each=Sum("first_openings")) == {"each": 10}
    assert ContactOpenings.objects.aggregate(each=Sum("openings")) == {"each": 20 * BATCHES}


@pytest.mark.django_db(transaction=True)
def test_consumers_of_different_contacts_store_the_same_new_user_agents_once():
    """No lock of a contact keeps them apart."""
    group, texts = make_contact(pixels=0).group, [f"reader {number}" for number in range(200)]
    pixels = [make_contact(group).pixels.get().uuid.bytes for _ in range(CONSUMERS * 2)]

    def consume(number):
        for batch in range(BATCHES):
            some = texts[batch * 25 :][:25]
            turned = some[number:] + some[:number]
            for pixel in pixels[number::CONSUMERS]:
                record([Hit(uuid4().bytes, pixel, NOON, user_agent=text) for text in turned])

    at_once(CONSUMERS, consume)
    # Each pixel counts a hundred openings in an hour, and no more.
    assert Opening.objects.count() == len(pixels) * 100
    assert set(UserAgent.objects.values_list("text", flat=True)) == set(texts[:100])
    assert not Opening.objects.filter(user_agent=None).exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_batch_delivered_to_several_consumers_counts_once():
    pixel = make_contact().pixels.get().uuid.bytes
    hits = [Hit(uuid4().bytes, pixel, NOON, user_agent=f"reader {n}") for n in range(50)]
    at_once(CONSUMERS, lambda number: record(hits))
    assert Opening.objects.count() == 50
    assert OpeningCount.objects.get().openings == 50


def mails(number: int, tracking: str) -> tuple[Campaign, list[bytes]]:
    """A campaign with so many contacts, and the uuids of their pixels, two each."""
    campaign = make_campaign(tracking=tracking)
    group = campaign.groups.get()
    contacts = [make_contact(group, pixels=2) for _ in range(number)]
    return campaign, [
        uuid.bytes for each in contacts for uuid in each.pixels.values_list("uuid", flat=True)
    ]


@pytest.mark.django_db(transaction=True)
def test_consumers_at_once_count_anonymous_readers_once_and_share_the_salts():
    _, pixels = mails(10, "anonymous")

    def consume(number):
        for batch in range(BATCHES):
            turned = pixels[number:] + pixels[:number]
            # Around the turn of the hour, whose salts all of them need at the same time.
            at = NOON + (number * 10 - 15) * 60_000
            record(
                [Hit(uuid4().bytes, pixel, at, user_agent=f"reader {batch}") for pixel in turned]
            )

    at_once(CONSUMERS, consume)
    assert Opening.objects.count() == AnonymousReader.objects.count() == len(pixels) * BATCHES
    assert Opening.objects.filter(begins_mail_open=True).count() == 10 * BATCHES
    counted = OpeningCount.objects.aggregate(Sum("openings"), Sum("mail_opens"))
    assert counted == {"openings__sum": 20 * BATCHES, "mail_opens__sum": 10 * BATCHES}
    assert ReaderSalt.objects.count() in (1, 2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("tracking", ["individual", "anonymous"])
def test_two_workers_remove_what_two_consumers_are_still_recording(tracking, monkeypatch):
    monkeypatch.setattr(removal_steps, "STEP_CONTACTS", 3)
    monkeypatch.setattr(removal_steps, "STEP_ROWS", 10)
    campaign, pixels = mails(20, tracking)
    stays, others = mails(1, tracking)

    def work(number):
        if number == 0:
            campaign.remove(by="somebody")
        if number < 2:
            finish_removals()
            return
        for batch in range(BATCHES):
            turned = pixels[number:] + pixels[:number] + others
            agent = f"reader {number} {batch}"
            record([Hit(uuid4().bytes, pixel, NOON, user_agent=agent) for pixel in turned])

    at_once(CONSUMERS, work)
    finish_removals()
    assert Removal.objects.get().state == "done"
    assert Campaign.everything.get() == stays
    assert Contact.objects.count() == 1
    openings = 2 * len(others) * BATCHES
    assert Opening.objects.count() == openings
    assert set(Opening.objects.values_list("group", flat=True)) == {stays.groups.get().pk}
    assert sum(OpeningCount.objects.values_list("openings", flat=True)) == openings
