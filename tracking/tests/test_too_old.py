"""Openings older than they are kept: counted long ago, perhaps, so never taken in again."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace
from uuid import uuid4

import pytest
import time_machine
from django.apps import apps
from django.db import connection

from accounts.tests.people import assert_problem, client_of
from campaigns.tests.house import House
from tracking import spool, tasks
from tracking.consume import Consumer
from tracking.hit import Hit
from tracking.metrics import RECORDED
from tracking.models import ArchivedOpeningCount, Opening, OpeningCount
from tracking.record import Decision, record
from tracking.tests.opened import PERSON
from tracking.tests.recounted import assert_counts_hold

pytestmark = pytest.mark.django_db
URL = "/api/openings/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY, QUARTER, MILLISECOND = timedelta(days=1), timedelta(minutes=15), timedelta(milliseconds=1)
migration = import_module("tracking.migrations.0016_archived_until_when")


@pytest.fixture(params=["individual", "anonymous"])
def house(request, settings):
    """Openings are kept for 30 days, until noon 30 days ago."""
    settings.OPENING_RETENTION_DAYS = 30
    with time_machine.travel(NOON + 30 * DAY, tick=False):
        house = House()
        house.client.patch(house.addresses()["campaigns"], {"tracking": request.param})
        yield house


def body(house, at, **fields) -> dict:
    fields = {"event_id": str(uuid4()), **fields}
    return {"pixel": house.pixel.pk, "opened_at": at.isoformat(), "user_agent": PERSON, **fields}


def a_hit(house, at) -> Hit:
    milliseconds = round(at.timestamp() * 1000)
    return Hit(uuid4().bytes, house.pixel.uuid.bytes, milliseconds, PERSON)


def total() -> int:
    return sum(OpeningCount.objects.values_list("openings", flat=True))


def test_one_that_was_archived_is_refused_when_it_is_sent_again(house):
    sent = body(house, NOON + DAY)
    assert house.client.post(URL, sent).status_code == 201
    with time_machine.travel(NOON + 32 * DAY, tick=False):
        client = client_of(house.user)  # the former one's login has run out
        # Until the nightly run it is known by its event id, from then on by its age.
        assert client.post(URL, sent).status_code == 200
        tasks.forget_old_openings()
        assert not Opening.objects.exists()
        assert_problem(client.post(URL, sent), 409, "too_old")
        reply = client.post(f"{URL}bulk/", {"openings": [sent, body(house, NOON + 3 * DAY)]})
    refused, taken = reply.json()["results"]
    assert refused["error"]["code"] == "too_old"
    assert taken["created"] is True
    assert total() == 2
    assert_counts_hold()


def test_the_moment_decides(house):
    early, late = a_hit(house, NOON - MILLISECOND), a_hit(house, NOON + DAY)
    decided = [each.decision for each in record([early, late, a_hit(house, NOON)])]
    assert decided == [Decision.TOO_OLD, Decision.RECORDED, Decision.RECORDED]


def test_where_all_is_kept_nothing_is_too_old(house, settings):
    settings.OPENING_RETENTION_DAYS = 0
    [recorded] = record([a_hit(house, NOON - 3_000 * DAY)])
    assert recorded.decision == Decision.RECORDED


def test_what_was_archived_stays_too_old_when_openings_are_kept_for_longer(house, settings):
    sent = body(house, NOON + DAY)
    assert house.client.post(URL, sent).status_code == 201
    with time_machine.travel(NOON + 32 * DAY, tick=False):
        tasks.forget_old_openings()
        settings.OPENING_RETENTION_DAYS = 0
        client = client_of(house.user)
        assert_problem(client.post(URL, sent), 409, "too_old")
        later = client.post(URL, body(house, NOON + DAY + MILLISECOND))
        assert later.status_code == 201
        earlier = {"opened_at": sent["opened_at"]}
        assert_problem(client.patch(f"{URL}{later.json()['id']}/", earlier), 409, "too_old")
    assert total() == 2
    assert_counts_hold()


def test_an_archive_from_before_that_was_kept_is_taken_as_a_whole(house):
    quarter = NOON + DAY
    ArchivedOpeningCount.objects.create(group=house.group, quarter=quarter, verdict="human")
    migration.know_until_when(apps, SimpleNamespace(connection=connection))
    within, after = a_hit(house, quarter + QUARTER - MILLISECOND), a_hit(house, quarter + QUARTER)
    decided = [each.decision for each in record([within, after])]
    assert decided == [Decision.TOO_OLD, Decision.RECORDED]


def test_an_opening_can_not_be_corrected_to_be_too_old(house):
    made = house.client.post(URL, body(house, NOON + DAY)).json()
    earlier = {"opened_at": (NOON - MILLISECOND).isoformat()}
    assert_problem(house.client.patch(f"{URL}{made['id']}/", earlier), 409, "too_old")
    assert Opening.objects.get().opened_at == NOON + DAY


def test_what_waited_in_the_spool_for_too_long_leaves_it_and_is_counted_by_the_metric(
    house, settings, tmp_path, redis_client
):
    settings.VAR_DIR = tmp_path
    hits = [a_hit(house, NOON - DAY), a_hit(house, NOON + DAY)]
    writer = spool.SpoolWriter()
    writer.write(hits)
    writer.close()
    counter = RECORDED.labels(Decision.TOO_OLD)
    before = counter._value.get()
    consumer = Consumer("too-old")
    try:
        assert consumer.replay_spool() == 2
    finally:
        consumer.close()
    assert not list(spool.waiting_files())
    assert Opening.objects.get().event_id.bytes == hits[1].event_id
    assert counter._value.get() == before + 1
