import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from accounts.tests.people import assert_problem, client_of, make_member, make_user
from campaigns.models import Campaign, Group
from campaigns.models.scheduled_count import ScheduledCountQuerySet
from campaigns.models.scheduled_times import ScheduledTimes
from campaigns.tests.house import House
from tracking.models import Opening, OpeningCount
from tracking.tests.opened import GMAIL, MACHINE, PERSON, open_pixel

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NONE = {"total": 0, "human": 0, "proxy": 0, "machine": 0}
ONCE = {"openings": 1, "mail_opens": 1, "contacts": 1}
NOT_KNOWN = {"value": None, "low": None, "high": None}


@pytest.fixture
def house():
    """Four contacts due and one that is not; it is half an hour past two."""
    with time_machine.travel(NOON + 2 * HOUR + 30 * MINUTE, tick=False):
        house = House(pixels=2)
        house.contact.remove()
        house.people = [house.add_contact(scheduled_at=NOON - HOUR) for _ in range(3)]
        house.other = house.add_contact(house.other_group, scheduled_at=NOON - HOUR)
        house.early = house.add_contact(house.other_group, scheduled_at=NOON + DAY)
        yield house


def first_pixel(contact):
    return contact.pixels.get(number=1)


def statistics(house, client=None):
    response = (client or house.client).get(f"/api/campaigns/{house.campaign.pk}/statistics/")
    assert response.status_code == 200, response.content
    return response.json()


def test_before_the_first_opening_there_are_contacts_only(house):
    figures = statistics(house)
    assert figures.keys() == {
        "campaign",
        "as_of",
        "contacts",
        "due",
        "openings",
        "mail_opens",
        "opened_contacts",
        "open_rate",
        "series",
        "groups",
        "tz",
        "bucket",
        "raw",
        "verified",
        "unknown",
        "weekday_hours",
        "clients",
        "systems",
        "reasons",
        "verdicts",
        "time_to_open",
        "rendered",
        "rendered_raw",
    }
    assert (figures["campaign"], figures["as_of"]) == (house.campaign.pk, "2026-03-01T14:30:00Z")
    assert (figures["contacts"], figures["due"]) == (5, 4)
    assert figures["openings"] == figures["mail_opens"] == NONE
    assert figures["opened_contacts"] == {"any": 0, "verified": 0}
    assert figures["open_rate"] == {
        "value": 0,
        "low": 0,
        "high": pytest.approx(0.4898908, abs=1e-6),  # statsmodels' proportion_confint(0, 4)
    }
    assert figures["series"] == []


def test_groups_have_the_same_figures_and_add_up(house):
    first, second = statistics(house)["groups"]
    assert (first["id"], first["name"], first["is_control"]) == (house.group.pk, "A", True)
    assert (second["id"], second["name"], second["is_control"]) == (
        house.other_group.pk,
        "B",
        False,
    )
    assert (first["contacts"], first["due"]) == (3, 3)
    assert (second["contacts"], second["due"]) == (2, 1)
    assert statistics(house).keys() - first.keys() == {
        "campaign",
        "as_of",
        "groups",
        "tz",
        "bucket",
    }


def test_openings_are_told_by_verdict_and_hour(house):
    ada, bob, eve = house.people
    for pixel in ada.pixels.all():  # both pixels of one mail
        open_pixel(pixel, NOON + 5 * MINUTE, PERSON)
    open_pixel(first_pixel(bob), NOON + 50 * MINUTE, GMAIL)
    open_pixel(first_pixel(eve), NOON + 65 * MINUTE, MACHINE)
    open_pixel(first_pixel(house.other), NOON + 65 * MINUTE, PERSON)
    figures = statistics(house)
    assert figures["openings"] == {"total": 5, "human": 3, "proxy": 1, "machine": 1}
    assert figures["mail_opens"] == {"total": 4, "human": 2, "proxy": 1, "machine": 1}
    assert figures["opened_contacts"] == {"any": 4, "verified": 3}
    first, second = figures["series"]
    assert first == {
        "at": "2026-03-01T12:00:00Z",
        "openings": 3,
        "mail_opens": 2,
        "contacts": 2,
        "verified": {"openings": 3, "mail_opens": 2, "contacts": 2},
    }
    assert second == {
        "at": "2026-03-01T13:00:00Z",
        "openings": 2,
        "mail_opens": 2,
        "contacts": 2,
        "verified": ONCE,
    }
    first, second = figures["groups"]
    assert first["opened_contacts"] == {"any": 3, "verified": 2}
    assert first["series"][1]["openings"] == first["series"][1]["contacts"] == 1
    assert second["openings"] == {"total": 1, "human": 1, "proxy": 0, "machine": 0}


def test_a_refresh_changes_nothing(house):
    open_pixel(first_pixel(house.other), NOON)
    before = statistics(house)
    open_pixel(first_pixel(house.other), NOON + 59 * MINUTE)
    assert statistics(house) == before


def test_a_contact_that_opened_before_its_time_is_due(house):
    open_pixel(first_pixel(house.early), NOON)
    second = statistics(house)["groups"][1]
    assert (second["contacts"], second["due"], second["opened_contacts"]["any"]) == (2, 2, 1)
    assert second["open_rate"]["value"] == 0.5
    open_pixel(first_pixel(house.other), NOON)
    second = statistics(house)["groups"][1]
    assert second["due"] == 2
    assert second["open_rate"]["value"] == second["open_rate"]["high"] == 1


def test_without_contacts_due_there_is_no_rate(house):
    house.campaign.groups.first().remove()
    house.other.remove()
    figures = statistics(house)
    assert (figures["contacts"], figures["due"]) == (1, 0)
    assert figures["open_rate"] == NOT_KNOWN


def test_a_campaign_without_contacts_has_figures_too(house):
    house.campaign = Campaign.objects.start(team=house.team, name="Empty")
    figures = statistics(house)
    assert (figures["contacts"], figures["due"], figures["open_rate"]) == (0, 0, NOT_KNOWN)
    assert len(figures["groups"]) == 1


def test_removed_contacts_take_their_openings_along(house):
    for contact in house.people:
        open_pixel(first_pixel(contact), NOON)
    house.people[0].remove()
    house.people[1].remove()
    figures = statistics(house)
    assert figures["contacts"] == 3
    assert figures["openings"]["total"] == figures["opened_contacts"]["any"] == 1
    assert figures["series"] == [{"at": "2026-03-01T12:00:00Z", **ONCE, "verified": ONCE}]


def test_an_hour_whose_openings_have_gone_is_left_out(house):
    open_pixel(first_pixel(house.other), NOON)
    house.other.remove()
    assert statistics(house)["series"] == []


def test_the_openings_of_other_campaigns_stay_out(house):
    other = House(house.user)
    open_pixel(other.pixel, NOON)
    assert statistics(house)["openings"] == NONE


def test_the_rate_stays_within_one_while_contacts_are_being_removed(house, monkeypatch):
    """The counts are read first; then the contacts go; then they are counted."""
    for contact in house.people:
        open_pixel(first_pixel(contact), NOON)

    def nobody(self, group_ids, as_of):
        return ScheduledTimes(as_of.date())

    monkeypatch.setattr(ScheduledCountQuerySet, "schedules", nobody)
    assert statistics(house)["open_rate"]["value"] == 1


def queries_of_statistics(house) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        statistics(house)
    return [query["sql"] for query in captured]


def test_it_never_looks_at_openings_and_costs_the_same_for_more(house):
    open_pixel(first_pixel(house.people[0]), NOON)
    few = queries_of_statistics(house)
    for number in range(4):
        group = Group.objects.create(campaign=house.campaign, name=f"More {number}")
        open_pixel(first_pixel(house.add_contact(group)), NOON + number * HOUR)
    many = queries_of_statistics(house)
    assert (
        len(few) == len(many) == 10
    )  # the user, the campaign, and eight for the figures, two of them for what is new
    assert not any(re.search(rf"\b{Opening._meta.db_table}\b", sql) for sql in many)
    assert any(OpeningCount._meta.db_table in sql for sql in many)


def test_a_viewer_reads_them_and_another_team_does_not(house):
    address = f"/api/campaigns/{house.campaign.pk}/statistics/"
    assert statistics(house, client_of(make_member(house.team, Membership.Role.VIEWER)))
    assert statistics(house, client_of(make_user(is_superuser=True)))
    assert_problem(client_of(make_user()).get(address), 404, "not_found")
    assert_problem(house.client.post(address), 405, "method_not_allowed")
    for id_ in ("abc", "0", "-1", "9" * 30, "1.5", "%00"):
        response = house.client.get(f"/api/campaigns/{id_}/statistics/")
        assert_problem(response, 404, "not_found")
