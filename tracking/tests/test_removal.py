"""What becomes of openings and counts while their campaign goes, step by step."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import removal_steps
from campaigns.models import Contact, Group, Removal
from campaigns.tests.house import House
from campaigns.tests.removed import finish_removals
from tracking.hit import Hit
from tracking.models import (
    ArchivedOpeningCount,
    ContactOpenings,
    Opening,
    OpeningChange,
    OpeningCount,
)
from tracking.record import Decision, record
from tracking.retention import forget_openings_before
from tracking.tests.opened import MACHINE, PERSON, open_pixel
from tracking.tests.recounted import rebuilt_counts, stored_counts

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def house(monkeypatch):
    monkeypatch.setattr(removal_steps, "STEP_CONTACTS", 3)
    monkeypatch.setattr(removal_steps, "STEP_ROWS", 4)
    return House(pixels=2)


def assert_consistent():
    assert stored_counts(OpeningCount) == rebuilt_counts()
    rows = {row.pk: row for row in ContactOpenings.objects.all()}
    made_anew = ContactOpenings.objects.recomputed(list(rows), {})
    assert {pk: row.says() for pk, row in rows.items()} == {
        pk: row.says() for pk, row in made_anew.items()
    }


def all_steps(removal):
    while removal_steps.step(removal):
        assert_consistent()
        removal.refresh_from_db()
        yield removal


def test_after_each_step_counts_contacts_and_openings_agree(house):
    stays = House()
    open_pixel(stays.pixel, NOON)
    for number in range(5):
        contact = house.add_contact(house.other_group if number % 2 else None)
        for pixel in contact.pixels.all():
            open_pixel(pixel, NOON + number * HOUR, PERSON if number else MACHINE)
    assert_consistent()
    house.campaign.remove()
    removal = Removal.objects.claim()
    removal_steps.measure(removal)
    before = Counter(contacts=Contact.objects.count(), openings=Opening.objects.count())
    for row in all_steps(removal):
        left = Counter(contacts=Contact.objects.count(), openings=Opening.objects.count())
        gone = before - left
        assert (row.contacts_removed, row.openings_removed) == (gone["contacts"], gone["openings"])
        assert (row.contacts_total, row.openings_total) == (6, 10)
    assert [each.contact for each in Opening.objects.all()] == [stays.contact]
    assert Removal.objects.get().state == "done"


@pytest.mark.parametrize("person_at", [0, 1, 6, 10])
def test_a_contact_with_too_many_openings_for_one_step_goes_in_several(house, person_at):
    for number in range(11):
        agent = PERSON if number >= person_at else MACHINE
        open_pixel(house.pixel, NOON + number * 2 * HOUR, agent)
    house.campaign.remove()
    removal = Removal.objects.claim()
    sizes = [Opening.objects.count() for _ in all_steps(removal)]
    assert sizes[:3] == [7, 3, 0]
    assert not Contact.objects.exists()


def test_anonymous_openings_go_in_steps_after_the_contacts(house):
    house.campaign.tracking = "anonymous"
    house.campaign.save()
    for number in range(11):
        open_pixel(house.pixel, NOON + number * 2 * HOUR)
    house.campaign.remove()
    removal = Removal.objects.claim()
    seen = [(Contact.objects.count(), Opening.objects.count()) for _ in all_steps(removal)]
    assert seen[:4] == [(0, 11), (0, 7), (0, 3), (0, 0)]


def test_what_is_kept_about_a_group_goes_in_steps_before_it(house):
    kept = (OpeningChange, OpeningCount, ArchivedOpeningCount)
    for number in range(11):
        open_pixel(house.pixel, NOON + number * 2 * HOUR)
    list(forget_openings_before(NOON + 18 * HOUR))
    OpeningChange.objects.note("somebody", [(None, each) for each in Opening.objects.all()] * 5)
    assert [model.objects.count() for model in kept] == [10, 11, 9]
    house.campaign.remove()
    removal = Removal.objects.claim()
    seen = [[model.objects.count() for model in kept]]
    groups = []
    while removal_steps.step(removal):
        seen.append([model.objects.count() for model in kept])
        groups.append(Group.everything.count())
    for before, after in pairwise(seen):
        assert sum(before) - sum(after) <= removal_steps.STEP_ROWS
    assert seen[-1] == [0, 0, 0]
    assert groups[seen.index([0, 0, 0]) - 1] == 2  # nothing is left for the groups to take along
    assert Removal.objects.get().state == "done"


def test_openings_that_retention_has_deleted_are_not_waited_for(house):
    for number in range(11):
        open_pixel(house.pixel, NOON + number * 2 * HOUR)
    list(forget_openings_before(NOON + 18 * HOUR))
    house.campaign.remove()
    finish_removals()
    removal = Removal.objects.get()
    assert (removal.openings_total, removal.openings_removed) == (2, 2)


@pytest.mark.parametrize("kind", ["campaign", "group"])
@pytest.mark.parametrize("tracking", ["individual", "anonymous"])
def test_hits_on_what_is_being_removed_are_not_stored(house, kind, tracking):
    house.campaign.tracking = tracking
    house.campaign.save()
    getattr(house, kind).remove()
    hit = Hit(uuid4().bytes, house.pixel.uuid.bytes, round(NOON.timestamp() * 1000))
    assert [each.decision for each in record([hit])] == [Decision.UNKNOWN]
    assert not Opening.objects.exists()
    assert not OpeningCount.objects.exists()


@pytest.mark.parametrize("superuser", [False, True])
def test_its_openings_are_out_of_sight_at_once(house, superuser):
    house.user.is_superuser = superuser
    house.user.save()
    open_pixel(house.pixel, NOON)
    assert len(house.client.get("/api/openings/").json()["results"]) == 1
    house.campaign.remove()
    opening = Opening.objects.get()
    assert house.client.get("/api/openings/").json()["results"] == []
    assert house.client.get(f"/api/openings/{opening.pk}/").status_code == 404


def test_nothing_is_left_of_its_counts(house):
    open_pixel(house.pixel, NOON)
    open_pixel(house.add_contact(house.other_group).pixels.first(), NOON)
    house.group.remove()
    finish_removals()
    assert {row.group for row in OpeningCount.objects.all()} == {house.other_group}
    assert_consistent()


def test_no_deletion_leaves_it_to_the_database_to_find_the_rows(house):
    """MariaDB would read the whole table for a DELETE with a subquery, in each step."""
    for pixel in house.contact.pixels.all():
        open_pixel(pixel, NOON)
    house.campaign.remove()
    with CaptureQueriesContext(connection) as captured:
        finish_removals()
    deletions = [query["sql"] for query in captured if query["sql"].startswith("DELETE")]
    assert len(deletions) > 5
    assert [sql for sql in deletions if "SELECT" in sql] == []
