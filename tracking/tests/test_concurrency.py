"""Two consumers on the same pixels at the same time."""

from uuid import uuid4

import pytest
from django.db.models import Sum

from accounts.tests.at_once import at_once
from campaigns.tests.factories import make_contact
from tracking.hit import Hit
from tracking.models import ContactOpenings, Opening, OpeningCount
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
def test_the_same_batch_delivered_to_several_consumers_counts_once():
    pixel = make_contact().pixels.get().uuid.bytes
    hits = [Hit(uuid4().bytes, pixel, NOON, user_agent=f"reader {n}") for n in range(50)]
    at_once(CONSUMERS, lambda number: record(hits))
    assert Opening.objects.count() == 50
    assert OpeningCount.objects.get().openings == 50
