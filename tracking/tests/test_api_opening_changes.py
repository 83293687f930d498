"""The log of what was done to openings by the API."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from accounts.tests.people import assert_problem, client_of, make_member, make_user
from campaigns.tests.house import House
from campaigns.tests.removed import finish_removals
from tracking.models import OpeningChange
from tracking.tests.opened import PERSON

pytestmark = pytest.mark.django_db
URL = "/api/opening-changes/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def create(house, pixel=None, minutes=0) -> dict:
    body = {
        "event_id": str(uuid4()),
        "pixel": (pixel or house.pixel).pk,
        "opened_at": (NOON + timedelta(minutes=minutes)).isoformat(),
        "user_agent": PERSON,
        "network": "192.0.2.77",
    }
    response = house.client.post("/api/openings/", body)
    assert response.status_code == 201, response.content
    return response.json()


def listed(client, **query):
    response = client.get(URL, query)
    assert response.status_code == 200, response.content
    return response.json()["results"]


def test_it_tells_who_did_what_and_what_was_before(house):
    opening = create(house)
    manager = make_member(house.team, Membership.Role.MANAGER)
    address = f"/api/openings/{opening['id']}/"
    client_of(manager).patch(address, {"verdict": "machine", "opened_at": "2026-03-01T11:00:00Z"})
    house.client.delete(address)
    deleted, corrected, created = listed(house.client)
    first = {
        "pixel": house.pixel.pk,
        "opened_at": "2026-03-01T12:00:00Z",
        "verdict": "human",
    }
    second = {**first, "opened_at": "2026-03-01T11:00:00Z", "verdict": "machine"}
    for change, action, by, before, after in [
        (created, "created", house.user, None, first),
        (corrected, "corrected", manager, first, second),
        (deleted, "deleted", house.user, second, None),
    ]:
        assert change == house.client.get(f"{URL}{change['id']}/").json()
        assert list(change) == ["id", "event_id", "group", "action", "by", "at", "before", "after"]
        assert (change["event_id"], change["group"]) == (opening["event_id"], house.group.pk)
        assert (change["action"], change["by"]) == (action, by.username)
        assert (change["before"], change["after"]) == (before, after)


def test_it_holds_nothing_of_the_reader_or_the_contact(house):
    create(house)
    log = house.client.get(URL).content.decode()
    for text in (PERSON, "Thunderbird", "192.0.2", house.contact.email):
        assert text not in log


def test_it_outlives_the_contact_and_goes_with_the_group(house):
    create(house)
    house.client.delete(f"/api/contacts/{house.contact.pk}/")
    assert len(listed(house.client)) == 1
    assert house.client.delete(f"/api/groups/{house.group.pk}/").status_code == 202
    finish_removals()
    assert not OpeningChange.objects.exists()


@pytest.mark.parametrize("role", Membership.Role.values)
def test_every_member_reads_it_and_nobody_writes_it(house, role):
    create(house)
    client = client_of(make_member(house.team, role))
    [change] = listed(client)
    assert_problem(client.post(URL, change), 405, "method_not_allowed")
    for method in ("put", "patch", "delete"):
        response = getattr(client, method)(f"{URL}{change['id']}/", change)
        assert_problem(response, 405, "method_not_allowed")


def test_that_of_another_team_does_not_exist(house):
    create(house)
    stranger = client_of(make_user())
    assert listed(stranger) == listed(stranger, campaign=house.campaign.pk) == []
    assert_problem(stranger.get(f"{URL}{OpeningChange.objects.get().pk}/"), 404, "not_found")


def test_it_is_filtered(house):
    mine, other = create(house), House(house.user)
    theirs = create(other)
    house.client.patch(f"/api/openings/{mine['id']}/", {"verdict": "machine"})
    for query, number in [
        ({"campaign": other.campaign.pk}, 1),
        ({"group": house.group.pk}, 2),
        ({"event_id": theirs["event_id"]}, 1),
        ({"action": "created"}, 2),
        ({"action": "corrected", "group": other.group.pk}, 0),
        ({"since": "2000-01-01T00:00:00Z"}, 3),
        ({"until": "2000-01-01T00:00:00Z"}, 0),
    ]:
        assert len(listed(house.client, **query)) == number, query


def test_pages_hold_each_change_once(house):
    for number in range(5):
        create(house, minutes=60 * number)
    for ordering in ("id", "-id", "at", "-at"):
        url, ids = f"{URL}?page_size=2&ordering={ordering}", []
        while url:
            page = house.client.get(url).json()
            ids += [change["id"] for change in page["results"]]
            url = page["next"]
        assert sorted(ids) == sorted(OpeningChange.objects.values_list("pk", flat=True))
        assert ids == sorted(ids, reverse=ordering.startswith("-"))


def test_more_changes_take_no_more_queries(house):
    costs = []
    for begin in (0, 1):
        for number in range(begin, begin + 5 * begin + 1):
            create(house, minutes=60 * number)
        with CaptureQueriesContext(connection) as captured:
            listed(house.client)
        costs.append(len(captured))
    assert costs[0] == costs[1] == 4  # the user, their groups, which changes, those
