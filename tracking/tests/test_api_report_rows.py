"""Many openings from another tool at once."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.idempotency import HEADER, REPLAYED
from accounts.models import Membership
from accounts.tests.people import assert_problem, client_of, make_member, make_user
from campaigns.models import Contact, Pixel
from campaigns.models.schedule import ContactRow
from campaigns.tests.house import House
from tracking import report, report_rows
from tracking.models import Opening, OpeningChange
from tracking.tests.opened import PERSON
from tracking.tests.recounted import assert_all_follows

pytestmark = pytest.mark.django_db
URL = "/api/openings/bulk/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def row(pixel, minutes=0, **fields) -> dict:
    moment = NOON + timedelta(minutes=minutes)
    fields = {"event_id": str(uuid4()), "user_agent": PERSON, "network": "192.0.2.1"} | fields
    return {"pixel": pixel.pk, "opened_at": moment.isoformat(), **fields}


def results(client, rows) -> list[dict]:
    response = client.post(URL, {"openings": rows})
    assert response.status_code == 200, response.content
    return response.json()["results"]


def outcomes(found) -> list:
    return [each["error"]["code"] if "error" in each else each["created"] for each in found]


def test_each_row_is_answered_in_the_order_sent(house):
    theirs = House()
    bottom = house.contact.pixels.get(number=2)
    first = row(house.pixel)
    rows = [
        first,
        row(bottom),
        row(house.pixel, 59),
        row(theirs.pixel),
        row(house.pixel, 60),
        first,
        row(bottom, 120, event_id=first["event_id"]),
        row(bottom, 120, network="nowhere"),
        row(bottom, 120) | {"pixel": "one"},
        row(bottom, 120, reason="because"),
        "no row",
        None,
        {},
        row(bottom, 120) | {"pixel": 2**70},
        row(bottom, 120) | {"pixel": "9" * 900},
        row(bottom, 120) | {"pixel": True},
        row(bottom, 120),
    ]
    found = results(house.client, rows)
    assert outcomes(found) == [
        *(True, True, "refresh", "does_not_exist", True, False, "event_id_taken", "network"),
        *("invalid", "required", "invalid", "null", "required", "does_not_exist"),
        *("does_not_exist", "invalid", True),
    ]
    stored = Opening.objects.in_bulk(field_name="event_id").values()
    assert {each["id"] for each in found if "id" in each} == {opening.pk for opening in stored}
    assert found[0]["id"] == found[5]["id"]
    assert found[7]["error"].keys() == {"code", "field", "detail"}
    fields = [each["error"]["field"] for each in found if "error" in each]
    assert fields[:3] == [None, "pixel", None]
    assert fields[3:7] == ["network", "pixel", "verdict", None]
    assert OpeningChange.objects.count() == 4
    assert_all_follows()


def test_sent_again_nothing_is_created(house):
    rows = [row(house.add_contact().pixels.get(number=1)) for _ in range(5)]
    first, second = results(house.client, rows), results(house.client, rows)
    assert outcomes(first) == [True] * 5
    assert outcomes(second) == [False] * 5
    assert [each["id"] for each in first] == [each["id"] for each in second]
    assert OpeningChange.objects.count() == 5


def test_a_viewer_of_one_team_and_editor_of_another_writes_to_the_other(house):
    theirs = House()
    editor = make_member(house.team, Membership.Role.EDITOR)
    Membership.objects.create(team=theirs.team, user=editor, role=Membership.Role.VIEWER)
    rows = [row(theirs.pixel), row(house.pixel), row(theirs.pixel)]
    found = results(client_of(editor), rows)
    assert outcomes(found) == ["permission_denied", True, "permission_denied"]
    assert found[0]["error"]["field"] == "pixel"
    assert Opening.objects.get().pixel == house.pixel


def test_a_stranger_creates_nothing(house):
    assert outcomes(results(client_of(make_user()), [row(house.pixel)])) == ["does_not_exist"]


@pytest.mark.parametrize(
    "body",
    [{}, [], {"openings": {}}, {"openings": [{}] * 10_001}, "text"],
    ids=["nothing", "list", "dict", "many", "text"],
)
def test_another_body_is_refused(house, body):
    assert_problem(house.client.post(URL, body), 400, "invalid")


def test_with_an_idempotency_key_the_stored_answer_comes_back(house):
    body = {"openings": [row(house.pixel)]}
    first, again = (house.client.post(URL, body, headers={HEADER: "once"}) for _ in range(2))
    assert outcomes(first.json()["results"]) == [True]
    assert again.json() == first.json()
    assert again[REPLAYED] == "true"


def test_a_value_that_no_answer_can_carry_is_refused_like_any_other(house):
    body = json.dumps({"openings": [row(house.pixel, verdict="\ud800"), row(house.pixel)]})
    response = house.client.post(URL, body, content_type="application/json")
    assert outcomes(response.json()["results"]) == ["invalid_choice", True]


def test_they_are_recorded_in_portions(house, monkeypatch):
    monkeypatch.setattr(report, "TRANSACTION_HITS", 2)
    monkeypatch.setattr(report_rows, "LOOKED_UP_AT_ONCE", 2)
    rows = [row(house.add_contact().pixels.get(number=1)) for _ in range(7)]
    assert outcomes(results(house.client, rows)) == [True] * 7
    assert_all_follows()


def test_a_thousand_pixels_are_not_too_many(house):
    people = [f"{number}@example.com" for number in range(1_000)]
    Contact.objects.schedule_many([ContactRow(house.group, email, pixels=1) for email in people])
    rows = [row(pixel, verdict="martian") for pixel in Pixel.objects.all()]
    assert outcomes(results(house.client, rows)) == ["invalid_choice"] * 1_002


def test_more_rows_take_no_more_queries(house):
    results(house.client, [row(house.pixel)])  # the User-Agent is there from now on
    costs = []
    for count in (2, 20):
        rows = [row(house.add_contact().pixels.get(number=1)) for _ in range(count)]
        with CaptureQueriesContext(connection) as captured:
            results(house.client, rows)
        costs.append(len(captured))
    assert costs[0] == costs[1]
