"""Openings of anonymous campaigns, reported and corrected by the API."""

from uuid import uuid4

import pytest

from accounts.models import Membership
from accounts.tests.people import assert_problem, client_of
from campaigns.tests.house import House
from tracking.models import AnonymousReader, Opening
from tracking.record import Decision, record
from tracking.tests.anonymous_house import MINUTE, NOON, a_hit, decisions, house, sums
from tracking.tests.opened import PERSON

__all__ = ["house"]  # a fixture
pytestmark = pytest.mark.django_db


def body(pixel, **fields) -> dict:
    fields = {"event_id": str(uuid4()), "opened_at": NOON.isoformat(), **fields}
    return {"pixel": pixel.pk, "user_agent": PERSON, **fields}


def test_an_opening_is_reported_once_however_often_it_is_sent(house):
    first = body(house.pixel)
    made = house.client.post("/api/openings/", first)
    assert made.status_code == 201, made.content
    assert (made.json()["pixel"], made.json()["event_id"]) == (None, first["event_id"])
    again = house.client.post("/api/openings/", first)
    assert (again.status_code, again.json()) == (200, made.json())
    assert sums() == [1, 1, 0, 0]
    [change] = house.client.get("/api/opening-changes/").json()["results"]
    assert change["after"] == {
        "pixel": None,
        "opened_at": "2026-03-01T12:00:00Z",
        "verdict": "human",
    }


def test_many_are_reported_once_however_often_they_are_sent(house):
    rows = [body(house.pixel), body(house.bottom)]
    for created in (True, False):
        reply = house.client.post("/api/openings/bulk/", {"openings": rows})
        assert reply.status_code == 200, reply.content
        assert [each["created"] for each in reply.json()["results"]] == [created] * 2
    assert sums() == [2, 1, 0, 0]


def test_the_event_id_of_another_groups_opening_is_taken(house):
    first = body(house.pixel)
    house.client.post("/api/openings/", first)
    for pixel in (house.add_contact(house.other_group).pixels.first(), House().pixel):
        client = Membership.objects.get(team=pixel.contact.group.campaign.team).user
        reply = client_of(client).post("/api/openings/", first | {"pixel": pixel.pk})
        assert_problem(reply, 409, "event_id_taken")


def test_an_opening_that_is_corrected_still_tells_its_refreshes(house):
    record([a_hit(house.pixel)])
    address = f"/api/openings/{Opening.objects.get().pk}/"
    moved = {"opened_at": (NOON - 10 * MINUTE).isoformat()}
    assert house.client.patch(address, moved).status_code == 200
    assert decisions(a_hit(house.pixel, 49)) == [Decision.REFRESH]
    assert decisions(a_hit(house.pixel, 50)) == [Decision.RECORDED]
    assert house.client.delete(address).status_code == 204
    assert AnonymousReader.objects.count() == 1
