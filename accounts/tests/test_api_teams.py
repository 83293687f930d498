import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Team
from accounts.tests.people import (
    assert_problem,
    client_of,
    client_with,
    make_key,
    make_member,
    make_user,
)

pytestmark = pytest.mark.django_db
URL = "/api/teams/"
Role = Membership.Role


def address(team):
    return f"{URL}{team.pk}/"


def test_one_lists_the_teams_that_one_is_in(manager, team):
    make_user()
    rows = client_of(manager).get(URL).json()["results"]
    assert [row["id"] for row in rows] == [team.pk, manager.own_team.pk]
    assert rows[0] == {
        "id": team.pk,
        "name": "Night shift",
        "owner": None,
        "created_at": rows[0]["created_at"],
    }
    assert rows[1]["owner"] == manager.pk


def test_a_superuser_lists_all_teams(team):
    rows = client_of(make_user(is_superuser=True)).get(URL).json()["results"]
    assert len(rows) == Team.objects.count() == 3


def test_whoever_makes_a_team_is_its_manager(manager):
    made = client_of(manager).post(URL, {"name": "Day shift", "owner": manager.pk})
    assert made.status_code == 201
    team = Team.objects.get(pk=made.json()["id"])
    assert team.owner is None
    assert [(row.user, row.role) for row in team.memberships.all()] == [(manager, Role.MANAGER)]


@pytest.mark.parametrize("name", ["", "  ", None, "x" * 201, "a\0b"])
def test_a_team_needs_a_name(manager, name):
    response = client_of(manager).post(URL, {"name": name})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "name"


@pytest.mark.parametrize("method", ["put", "patch"])
@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.MANAGER])
def test_managers_rename_a_team(team, method, role):
    client = client_of(make_member(team, role))
    response = getattr(client, method)(address(team), {"name": "New"})
    team.refresh_from_db()
    if role == Role.MANAGER:
        assert (response.status_code, team.name) == (200, "New")
    else:
        assert_problem(response, 403, "permission_denied")
        assert "manager" in response.json()["detail"]
        assert team.name == "Night shift"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.MANAGER])
def test_managers_delete_a_team(team, role):
    response = client_of(make_member(team, role)).delete(address(team))
    assert response.status_code == (204 if role == Role.MANAGER else 403)
    assert Team.objects.filter(pk=team.pk).exists() == (role != Role.MANAGER)


def test_nobodys_own_team_is_deleted(manager):
    for client in (client_of(manager), client_of(make_user(is_superuser=True))):
        assert_problem(client.delete(address(manager.own_team)), 409, "own_team")
    assert Team.objects.filter(pk=manager.own_team.pk).exists()


def test_the_team_of_somebody_who_has_gone_can_be_deleted(manager):
    team, other = manager.own_team, make_member(manager.own_team, Role.MANAGER)
    manager.delete()
    assert client_of(other).delete(address(team)).status_code == 204


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_the_team_of_others_does_not_exist(team, method):
    response = getattr(client_of(make_user()), method)(address(team), {"name": "Mine"})
    assert_problem(response, 404, "not_found")
    team.refresh_from_db()
    assert team.name == "Night shift"


def test_teams_are_searched_and_ordered_by_name(manager, team):
    client = client_of(manager)
    found = client.get(URL, {"search": "night"}).json()["results"]
    assert [row["id"] for row in found] == [team.pk]
    rows = client.get(URL, {"ordering": "name"}).json()["results"]
    assert [row["name"] for row in rows] == ["Night shift", manager.own_team.name]


def test_a_key_reads_its_team_and_writes_none(manager, team):
    client = client_with(make_key(team, Role.MANAGER))
    assert [row["id"] for row in client.get(URL).json()["results"]] == [team.pk]
    assert_problem(client.get(address(manager.own_team)), 404, "not_found")
    before = list(Team.objects.values())
    for response in (
        client.post(URL, {"name": "X"}),
        client.patch(address(team), {"name": "X"}),
        client.delete(address(team)),
    ):
        assert_problem(response, 403, "people_only")
    assert list(Team.objects.values()) == before


def test_a_list_takes_the_same_queries_for_more_rows(manager):
    client, costs = client_of(manager), []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(URL).status_code == 200
        costs.append(len(captured))
        for number in range(5):
            Team.objects.start(name=f"Team {number}", manager=manager)
    assert costs == [2, 2]  # the user, the teams
