"""Who may do what: roles within a team, and nothing at all outside of it."""

import pytest
from rest_framework.test import APIClient

from accounts.tests.people import assert_problem, client_of, make_member, make_user
from campaigns.tests.access import KINDS, Role, assert_allows, counts, send
from campaigns.tests.house import House

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", Role)
def test_a_role_allows_this_and_no_more(house, kind, role):
    assert_allows(role, client_of(make_member(house.team, role)), house, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_the_row_of_another_team_does_not_exist(house, kind, method):
    stranger, before = make_user(), counts()
    response = send(client_of(stranger), house, kind, method)
    assert_problem(response, 404, "not_found")
    assert counts() == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_is_not_made_under_another_teams(house, kind):
    before = counts()
    parent = next(iter(house.bodies()[kind]))
    response = send(client_of(make_user()), house, kind, "post")
    assert_problem(response, 400, "does_not_exist", field=parent)
    assert counts() == before


def test_another_teams_row_and_no_row_get_the_same_answer(house):
    stranger = client_of(make_user())
    theirs = stranger.post("/api/groups/", {"campaign": house.campaign.pk, "name": "X"})
    nobodys = stranger.post("/api/groups/", {"campaign": house.campaign.pk + 999, "name": "X"})
    assert theirs.content == nobodys.content.replace(
        str(house.campaign.pk + 999).encode(), str(house.campaign.pk).encode()
    )


@pytest.mark.parametrize("kind", KINDS)
def test_lists_hold_the_rows_of_ones_own_teams_only(house, kind):
    House()
    ids = {row["id"] for row in house.client.get(f"/api/{kind}/").json()["results"]}
    mine = house.addresses()[kind].split("/")[3]
    assert int(mine) in ids
    assert len(ids) == (2 if kind in ("groups", "pixels") else 1)
    assert client_of(make_user()).get(f"/api/{kind}/").json()["results"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_filters_do_not_reach_into_another_team(house, kind):
    stranger = client_of(make_user())
    query = {"campaign": house.campaign.pk, "team": house.team.pk, "search": "contact"}
    assert stranger.get(f"/api/{kind}/", query).json()["results"] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_superusers_may_do_everything_everywhere(house, kind, method):
    client = client_of(make_user(is_superuser=True))
    assert send(client, house, kind, method).status_code in (200, 201, 202, 204)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["get", "post", "patch", "delete"])
def test_without_an_account_there_is_nothing(house, kind, method):
    response = send(APIClient(), house, kind, method)
    assert_problem(response, 401, "not_authenticated")
    assert_problem(APIClient().get(f"/api/{kind}/"), 401, "not_authenticated")


def test_leaving_a_team_ends_the_access_at_once(house):
    member = make_member(house.team, Role.MANAGER)
    client = client_of(member)
    assert client.get(house.addresses()["groups"]).status_code == 200
    member.memberships.filter(team=house.team).delete()
    assert_problem(client.get(house.addresses()["groups"]), 404, "not_found")


@pytest.mark.parametrize("kind", KINDS)
def test_ids_and_dates_of_a_row_can_not_be_set(house, kind):
    body = {**house.bodies()[kind], "id": 4711, "created_at": "2001-01-01T00:00:00Z",
            "uuid": "00000000-0000-0000-0000-000000000001", "control_of": 1, "email_key": "x",
            "url": "http://example.com/", "pixels": []}  # fmt: skip
    made = house.client.post(f"/api/{kind}/", body).json()
    assert made["id"] != 4711
    assert not made.get("created_at", "").startswith("2001")
    assert made.get("uuid") != body["uuid"]
    assert made.get("url") != body["url"]
    assert made.get("pixels") != []
