"""The counts are rebuilt while hits keep coming."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from accounts.tests.at_once import at_once
from campaigns.tests.factories import make_contact
from tests.thorough import THOROUGH
from tracking import rebuild
from tracking.hit import Hit
from tracking.models import Opening, OpeningBreakdown
from tracking.record import record
from tracking.retention import forget_openings_before
from tracking.tests.opened import GMAIL, MACHINE, PERSON
from tracking.tests.recounted import assert_counts_hold, drift
from tracking.tests.test_concurrency import CONSUMERS

pytestmark = pytest.mark.django_db(transaction=True)
NIGHT = datetime(2026, 3, 1, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
BATCHES = 24 if THOROUGH else 8
READERS = (PERSON, GMAIL, MACHINE)


@pytest.fixture
def contacts():
    first = make_contact(pixels=2)
    return [first, *(make_contact(first.group, pixels=2) for _ in range(5))]


def hits_of(contacts, batch=0, number=0) -> list[Hit]:
    """All pixels of all mails, each consumer in another order, from one day to the next."""
    uuids = [pixel.uuid.bytes for contact in contacts for pixel in contact.pixels.all()]
    at = round((NIGHT + batch * HOUR).timestamp() * 1000)
    agent = f"{READERS[batch % 3]} {number}"
    turned = uuids[number:] + uuids[:number]
    return [Hit(uuid4().bytes, uuid, at, user_agent=agent) for uuid in turned]


def test_what_is_rebuilt_while_consumers_record_is_exact(contacts):
    recorded, rebuilt = threading.Event(), []

    def work(number):
        if number == 0:
            while len(rebuilt) < 3 or not recorded.is_set():
                rebuilt.append(drift(mend=True))
            return
        try:
            for batch in range(BATCHES):
                record(hits_of(contacts, batch, number))
                if number == 1:  # retention and deletions go on as well
                    sum(forget_openings_before(NIGHT + (batch - 3) * HOUR))
                if number == 2 and batch == BATCHES // 2:
                    contacts[-1].remove()
        finally:
            if number == 3:
                recorded.set()

    at_once(CONSUMERS, work)
    assert Opening.objects.exists()
    assert not any(rebuilt)
    assert_counts_hold()


def test_a_hit_that_comes_while_a_day_is_read_waits_and_counts(contacts, monkeypatch):
    record(hits_of(contacts))
    real, recorded = rebuild.missing, []

    def record_more():
        try:
            recorded.extend(record(hits_of(contacts, number=1)))
        finally:
            connection.close()

    recording = threading.Thread(target=record_more)

    def missing(*args):
        quarters, days = real(*args)
        recording.start()
        recording.join(0.5)  # it would be through by now if it did not wait
        assert recorded == []
        return quarters, days

    monkeypatch.setattr(rebuild, "missing", missing)
    day, group_id = NIGHT.date(), contacts[0].group_id
    OpeningBreakdown.objects.filter(dimension="client").delete()
    assert rebuild.recount_day(group_id, day, mend=True) > 0
    recording.join()
    monkeypatch.undo()
    assert len(recorded) == 12
    assert_counts_hold()
