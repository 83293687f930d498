"""Openers, non-openers and openings as files, of a campaign or a group."""

from datetime import UTC, datetime, timedelta
from operator import itemgetter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Membership
from accounts.tests.people import assert_problem, client_of, make_member, make_user
from campaigns.tests.factories import reschedule
from campaigns.tests.files import fetch, read_csv, read_jsonl, some_at_a_time
from campaigns.tests.house import House
from tracking.tests.opened import MACHINE, PERSON, open_pixel

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TABLES = ["openers", "non-openers", "openings"]
FORMS = ["csv", "jsonl"]
CONTACT = ["contact", "email", "name", "external_id", "group", "scheduled_at"]


class OpenedHouse(House):
    """Four contacts in group A, one for each thing that can become of a mail that was sent, and
    one that was opened in B."""

    def __init__(self):
        super().__init__()
        self.contact.name = "=Ada"
        reschedule(self.contact, NOON)
        self.silent = self.add_contact(scheduled_at=NOON)
        self.scanned = self.add_contact(scheduled_at=NOON)
        self.later = self.add_contact(scheduled_at=timezone.now() + timedelta(days=300))
        self.other = self.add_contact(group=self.other_group, scheduled_at=NOON)
        self.open(self.contact, NOON + timedelta(hours=1), MACHINE)
        self.open(self.contact, NOON + timedelta(hours=2))
        self.open(self.contact, NOON + timedelta(hours=2), number=2)
        self.open(self.scanned, NOON + timedelta(hours=3), MACHINE)
        self.open(self.other, NOON + timedelta(hours=4))

    def open(self, contact, at, user_agent=PERSON, number=1):
        open_pixel(contact.pixels.get(number=number), at, user_agent)

    def file(self, table, form="csv", group=None) -> str:
        owner = f"groups/{group.pk}" if group else f"campaigns/{self.campaign.pk}"
        return f"/api/{owner}/{table}.{form}"

    def contacts_in(self, table, group=None, **query) -> set[int]:
        rows = read_jsonl(self.client, self.file(table, "jsonl", group), **query)
        ids = [row["contact"] for row in rows]
        assert len(ids) == len(set(ids))
        return set(ids)


@pytest.fixture
def house():
    return OpenedHouse()


def test_openers_come_with_what_is_known_of_their_openings(house):
    rows = read_csv(house.client, house.file("openers"))
    assert list(rows[0]) == [
        *CONTACT,
        "first_opened_at",
        "last_opened_at",
        "openings",
        "mail_opens",
        "first_verified_at",
    ]
    row = next(row for row in rows if int(row["contact"]) == house.contact.pk)
    assert row | {"email": ""} == {
        "contact": str(house.contact.pk),
        "email": "",
        "name": "'=Ada",
        "external_id": "",
        "group": "A",
        "scheduled_at": "2026-03-01T12:00:00Z",
        "first_opened_at": "2026-03-01T13:00:00Z",
        "last_opened_at": "2026-03-01T14:00:00Z",
        "openings": "3",
        "mail_opens": "2",
        "first_verified_at": "2026-03-01T14:00:00Z",
    }
    (line,) = read_jsonl(house.client, house.file("openers", "jsonl", house.other_group))
    assert (line["openings"], line["first_opened_at"]) == (1, "2026-03-01T16:00:00Z")


def test_openers_are_all_or_those_by_a_person(house):
    assert house.contacts_in("openers") == {house.contact.pk, house.scanned.pk, house.other.pk}
    assert house.contacts_in("openers", verified="true") == {house.contact.pk, house.other.pk}
    assert house.contacts_in("openers", group=house.other_group) == {house.other.pk}


def test_non_openers_are_due_and_did_not_open(house):
    assert house.contacts_in("non-openers") == {house.silent.pk}
    assert house.contacts_in("non-openers", group=house.other_group) == set()
    (row,) = read_csv(house.client, house.file("non-openers"))
    assert list(row) == CONTACT


def test_who_was_only_scanned_is_a_non_opener_when_verified_and_says_so(house):
    rows = read_jsonl(house.client, house.file("non-openers", "jsonl"), verified="true")
    assert {row["contact"]: row["machine_only"] for row in rows} == {
        house.silent.pk: False,
        house.scanned.pk: True,
    }
    rows = read_csv(house.client, house.file("non-openers"), verified="true")
    assert {row["machine_only"] for row in rows} == {"true", "false"}


def test_who_was_scanned_before_the_schedule_is_due(house):
    house.open(house.later, NOON, MACHINE)
    assert house.later.pk in house.contacts_in("non-openers", verified="true")
    assert house.later.pk not in house.contacts_in("non-openers")


@pytest.mark.parametrize("verified", ["true", "false"])
def test_openers_and_non_openers_are_together_those_that_are_due(house, verified):
    openers = house.contacts_in("openers", verified=verified)
    non_openers = house.contacts_in("non-openers", verified=verified)
    figures = house.client.get(f"/api/campaigns/{house.campaign.pk}/statistics/").json()
    assert not openers & non_openers
    assert len(openers | non_openers) == figures["due"] == 4
    assert len(openers) == figures["opened_contacts"]["verified" if verified == "true" else "any"]


def test_nobody_is_a_non_opener_where_openings_are_not_recorded(house):
    house.client.patch(f"/api/campaigns/{house.campaign.pk}/", {"tracking": "off"})
    for file in (house.file("non-openers"), house.file("non-openers", group=house.group)):
        assert_problem(house.client.get(file), 409, "not_individual")
        assert house.client.head(file).status_code == 409
    assert house.contact.pk in house.contacts_in("openers")  # who opened before did open


def test_an_anonymous_opening_is_that_of_the_api(house):
    house.client.patch(f"/api/campaigns/{house.campaign.pk}/", {"tracking": "anonymous"})
    house.open(house.silent, NOON)
    listed = house.client.get(f"/api/openings/?campaign={house.campaign.pk}").json()["results"]
    (anonymous,) = [opening for opening in listed if opening["user_agent"] is None]
    assert anonymous in read_jsonl(house.client, house.file("openings", "jsonl"))


def test_openings_are_those_of_the_api(house):
    listed = house.client.get(f"/api/openings/?campaign={house.campaign.pk}").json()["results"]
    rows = read_jsonl(house.client, house.file("openings", "jsonl"))
    assert rows == sorted(listed, key=itemgetter("group", "opened_at", "id"))
    assert len(rows) == 5
    cells = read_csv(house.client, house.file("openings"))
    assert [list(row) for row in cells] == [list(row) for row in rows]
    assert cells[0]["event_id"] == rows[0]["event_id"]
    assert cells[0]["begins_mail_open"] == "true"
    (other,) = read_jsonl(house.client, house.file("openings", "jsonl", house.other_group))
    assert other["contact"] == house.other.pk


def test_a_user_agent_does_not_run_in_a_spreadsheet(house):
    house.open(house.silent, NOON, "=1+1")
    texts = [row["user_agent"] for row in read_csv(house.client, house.file("openings"))]
    assert "'=1+1" in texts
    assert "=1+1" not in texts


@pytest.mark.parametrize("at_once", [1, 2, 3])
@pytest.mark.parametrize("table", TABLES)
def test_every_row_comes_once_however_many_are_read_at_once(house, monkeypatch, table, at_once):
    for _ in range(3):
        house.add_contact(scheduled_at=NOON)
    whole = read_jsonl(house.client, house.file(table, "jsonl"))
    assert len(whole) in (3, 4, 5)
    some_at_a_time(monkeypatch, at_once)
    assert read_jsonl(house.client, house.file(table, "jsonl")) == whole


@pytest.mark.parametrize("table", TABLES)
def test_the_database_is_asked_as_often_for_many_rows_as_for_few(house, monkeypatch, table):
    some_at_a_time(monkeypatch, 20)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            fetch(house.client, house.file(table, "jsonl"))
        return len(captured)

    few = queries()
    for number in range(8):
        house.open(house.add_contact(scheduled_at=NOON), NOON, f"Reader {number}")
    assert queries() == few
    for number in range(20):  # one more time twenty: two ranges of the index, each with its readers
        house.open(house.add_contact(scheduled_at=NOON), NOON, f"Reader {number}")
    assert queries() <= few + 4


@pytest.mark.parametrize("table", TABLES)
def test_one_group_of_the_campaign_can_be_asked_for(house, table):
    by_group = read_jsonl(house.client, house.file(table, "jsonl", house.group))
    assert read_jsonl(house.client, house.file(table, "jsonl"), group=house.group.pk) == by_group
    theirs = {"group": House().group.pk}
    refused = house.client.get(house.file(table), theirs)
    assert_problem(refused, 400, "does_not_exist", field="group")


@pytest.mark.parametrize("table", TABLES)
def test_a_file_is_named_after_what_it_is_of(house, table):
    name = house.campaign.name.replace(" ", "-")
    response = house.client.get(house.file(table))
    assert f'filename="{name}-{table}.csv"' in response["Content-Disposition"]
    response = house.client.get(house.file(table, "jsonl", house.group))
    assert f'filename="{name}-A-{table}.jsonl"' in response["Content-Disposition"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("of_group", [True, False])
def test_members_may_fetch_it_and_for_others_it_does_not_exist(house, table, form, of_group):
    file = house.file(table, form, house.group if of_group else None)
    for role in Membership.Role:
        assert fetch(client_of(make_member(house.team, role)), file)
    assert_problem(client_of(make_user()).get(file), 404, "not_found")
    assert_problem(APIClient().get(file), 401, "not_authenticated")
    assert_problem(house.client.delete(file), 405, "method_not_allowed")
