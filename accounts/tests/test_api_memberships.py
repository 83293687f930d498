import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from accounts.tests.people import (
    assert_problem,
    client_of,
    client_with,
    make_key,
    make_member,
    make_user,
)

pytestmark = pytest.mark.django_db
URL = "/api/memberships/"
Role = Membership.Role


def membership(team, user) -> Membership:
    return Membership.objects.get(team=team, user=user)


def address(team, user) -> str:
    return f"{URL}{membership(team, user).pk}/"


def test_members_see_who_is_in_their_teams(team, manager):
    viewer, stranger = make_member(team, Role.VIEWER), make_user()
    response = client_of(viewer).get(URL, {"team": team.pk})
    rows = response.json()["results"]
    assert rows[0] == {
        "id": membership(team, viewer).pk,
        "team": team.pk,
        "user": viewer.pk,
        "username": viewer.username,
        "email": viewer.email,
        "role": "viewer",
        "created_at": rows[0]["created_at"],
    }
    assert [row["user"] for row in rows] == [viewer.pk, manager.pk]
    everywhere = client_of(viewer).get(URL).content.decode()
    assert stranger.email not in everywhere
    assert f'"team":{manager.own_team.pk},' not in everywhere


def test_memberships_are_filtered_and_searched(team, manager):
    editor = make_member(team, Role.EDITOR)
    client = client_of(manager)

    def users(**query):
        return [row["user"] for row in client.get(URL, query).json()["results"]]

    assert users(team=team.pk) == [editor.pk, manager.pk]
    assert users(team=team.pk, role="editor") == [editor.pk]
    assert users(user=editor.pk) == [editor.pk]
    assert users(search=editor.email) == [editor.pk]
    assert users(team=editor.own_team.pk) == []
    assert_problem(client.get(URL, {"role": "king"}), 400, "invalid")


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_manager_gives_roles(team, manager, method):
    viewer = make_member(team, Role.VIEWER)
    response = getattr(client_of(manager), method)(address(team, viewer), {"role": "manager"})
    assert response.json()["role"] == "manager"
    assert membership(team, viewer).role == "manager"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_nobody_else_does_and_nobody_raises_their_own(team, manager, role):
    member = make_member(team, role)
    for user in (member, manager):
        response = client_of(member).patch(address(team, user), {"role": "manager"})
        assert_problem(response, 403, "permission_denied")
    assert_problem(client_of(member).delete(address(team, manager)), 403, "permission_denied")
    assert membership(team, member).role == role


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_the_membership_of_another_team_does_not_exist(team, manager, method):
    response = getattr(client_of(make_user()), method)(address(team, manager), {"role": "viewer"})
    assert_problem(response, 404, "not_found")
    assert membership(team, manager).role == "manager"


def test_a_membership_keeps_its_team_and_user(team, manager):
    viewer, other = make_member(team, Role.VIEWER), make_user()
    body = {"role": "editor", "user": other.pk, "team": other.own_team.pk, "id": 4711}
    assert client_of(manager).put(address(team, viewer), body).status_code == 200
    assert membership(team, viewer).role == "editor"
    assert not Membership.objects.filter(team=team, user=other).exists()


def test_nobody_is_made_a_member_unasked(team, manager):
    body = {"team": team.pk, "user": make_user().pk, "role": "viewer"}
    assert client_of(manager).post(URL, body).status_code == 405


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_a_member_may_leave(team, role):
    member = make_member(team, role)
    assert client_of(member).delete(address(team, member)).status_code == 204
    assert not Membership.objects.filter(team=team, user=member).exists()


def test_a_manager_sends_a_member_away_and_may_leave_another(team, manager):
    viewer, other = make_member(team, Role.VIEWER), make_member(team, Role.MANAGER)
    assert client_of(manager).delete(address(team, viewer)).status_code == 204
    assert client_of(manager).delete(address(team, manager)).status_code == 204
    assert [row.user for row in team.memberships.all()] == [other]


def test_the_last_manager_can_neither_leave_nor_be_demoted(team, manager):
    make_member(team, Role.EDITOR)
    for user in (manager, make_user(is_superuser=True)):
        client = client_of(user)
        assert_problem(client.delete(address(team, manager)), 409, "last_manager")
        response = client.patch(address(team, manager), {"role": "viewer"})
        assert_problem(response, 409, "last_manager")
        assert "manager" in response.json()["detail"]
    assert membership(team, manager).role == "manager"
    assert client_of(manager).patch(address(team, manager), {"role": "manager"}).status_code == 200


def test_nobody_is_sent_away_from_their_own_team(manager):
    other = make_member(manager.own_team, Role.MANAGER)
    client, theirs = client_of(other), address(manager.own_team, manager)
    assert_problem(client.delete(theirs), 409, "own_team")
    assert_problem(client.patch(theirs, {"role": "viewer"}), 409, "own_team")


@pytest.mark.parametrize("body", [{"role": "king"}, {"role": None}, {"role": ""}])
def test_a_role_is_one_of_three(team, manager, body):
    assert_problem(client_of(manager).patch(address(team, manager), body), 400, "invalid")


def test_a_key_reads_who_is_in_its_team_and_changes_nobody(team, manager):
    viewer = make_member(team, Role.VIEWER)
    client = client_with(make_key(team, Role.MANAGER))
    rows = client.get(URL).json()["results"]
    assert {row["user"] for row in rows} == {viewer.pk, manager.pk}
    assert_problem(client.patch(address(team, viewer), {"role": "editor"}), 403, "people_only")
    assert_problem(client.delete(address(team, viewer)), 403, "people_only")
    assert membership(team, viewer).role == "viewer"


def test_a_list_takes_the_same_queries_for_more_rows(team, manager):
    client, costs = client_of(manager), []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(URL).status_code == 200
        costs.append(len(captured))
        for _ in range(5):
            make_member(team, Role.VIEWER)
    assert costs == [2, 2]  # the user, the memberships
