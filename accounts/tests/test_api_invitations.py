from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Invitation, Membership
from accounts.tests.people import (
    assert_problem,
    client_of,
    client_with,
    make_key,
    make_member,
    make_user,
)

pytestmark = pytest.mark.django_db
URL = "/api/invitations/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Role = Membership.Role


def invite(manager, team, email, role="editor"):
    response = client_of(manager).post(URL, {"team": team.pk, "email": email, "role": role})
    assert response.status_code == 201, response.content
    return response.json()


def accept(user, token):
    return client_of(user).post(f"{URL}accept/", {"token": token})


def roles(team, user):
    return [row.role for row in Membership.objects.filter(team=team, user=user)]


def test_an_invitation_tells_its_token_once(manager, team):
    with time_machine.travel(NOON, tick=False):
        made = invite(manager, team, "Ada@Example.com")
    token = made.pop("token")
    assert made == {
        "id": made["id"],
        "team": team.pk,
        "email": "ada@example.com",
        "role": "editor",
        "status": "pending",
        "invited_by": manager.username,
        "created_at": "2026-03-01T12:00:00Z",
        "expires_at": "2026-03-15T12:00:00Z",
        "accepted_at": None,
        "revoked_at": None,
    }
    assert len(token) >= 43
    row = Invitation.objects.values().get()
    assert token not in str(row)
    for url in (URL, f"{URL}{made['id']}/"):
        assert token not in client_of(manager).get(url).content.decode()
        assert row["digest"] not in client_of(manager).get(url).content.decode()


def test_the_invited_person_accepts_and_is_a_member(manager, team):
    ada = make_user()
    token = invite(manager, team, ada.email)["token"]
    response = accept(ada, token)
    assert response.status_code == 200
    assert (response.json()["team"], response.json()["role"]) == (team.pk, "editor")
    assert roles(team, ada) == ["editor"]
    assert client_of(manager).get(URL).json()["results"][0]["status"] == "accepted"


def test_accepting_twice_changes_nothing(manager, team):
    ada = make_user()
    token = invite(manager, team, ada.email)["token"]
    first, second = accept(ada, token), accept(ada, token)
    assert (second.status_code, second.json()) == (200, first.json())
    assert roles(team, ada) == ["editor"]


def test_an_invitation_lets_nobody_back_in(manager, team):
    ada = make_user()
    token = invite(manager, team, ada.email)["token"]
    accept(ada, token)
    Membership.objects.get(team=team, user=ada).remove()
    assert_problem(accept(ada, token), 409, "invitation_used")
    assert roles(team, ada) == []


def test_whoever_became_a_member_otherwise_keeps_their_role(manager, team):
    ada = make_user()
    token = invite(manager, team, ada.email, role="manager")["token"]
    Membership.objects.create(team=team, user=ada, role="viewer")
    assert accept(ada, token).json()["role"] == "viewer"
    assert roles(team, ada) == ["viewer"]


def test_somebody_elses_token_and_no_token_at_all_get_the_same_answer(manager, team):
    ada, eve = make_user(), make_user()
    token = invite(manager, team, ada.email)["token"]
    stolen, invented = accept(eve, token), accept(eve, "x" * 43)
    assert_problem(stolen, 404, "not_found")
    assert stolen.content == invented.content
    assert roles(team, eve) == []
    assert accept(ada, token).status_code == 200


def test_a_withdrawn_invitation_is_told_as_such(manager, team):
    ada = make_user()
    made = invite(manager, team, ada.email)
    client = client_of(manager)
    assert client.delete(f"{URL}{made['id']}/").status_code == 204
    assert client.delete(f"{URL}{made['id']}/").status_code == 204
    assert client.get(f"{URL}{made['id']}/").json()["status"] == "revoked"
    assert_problem(accept(ada, made["token"]), 409, "invitation_revoked")
    assert roles(team, ada) == []


def test_an_invitation_runs_out_after_14_days(manager, team):
    ada, bob = make_user(), make_user()
    with time_machine.travel(NOON, tick=False):
        late, soon = (invite(manager, team, user.email)["token"] for user in (ada, bob))
    with time_machine.travel(NOON + timedelta(days=14, seconds=-1), tick=False):
        assert accept(bob, soon).status_code == 200
    with time_machine.travel(NOON + timedelta(days=14), tick=False):
        assert_problem(accept(ada, late), 409, "invitation_expired")
        pending = client_of(manager).get(URL, {"pending": "true"}).json()["results"]
        others = client_of(manager).get(URL, {"pending": "false"}).json()["results"]
    assert pending == []
    assert {row["status"] for row in others} == {"accepted", "expired"}


def test_inviting_again_withdraws_the_earlier_invitation(manager, team):
    ada = make_user()
    first, second = (invite(manager, team, ada.email)["token"] for _ in range(2))
    assert_problem(accept(ada, first), 409, "invitation_revoked")
    assert accept(ada, second).status_code == 200


def test_a_member_is_not_invited(manager, team):
    member = make_member(team, Role.VIEWER)
    body = {"team": team.pk, "email": member.email.upper(), "role": "editor"}
    assert_problem(client_of(manager).post(URL, body), 409, "member_already")
    assert not Invitation.objects.exists()


def test_nothing_tells_whether_an_address_has_an_account(manager, team):
    known = invite(manager, team, make_user().email)
    unknown = invite(manager, team, "nobody@example.com")
    tellable = {"id", "email", "token", "created_at", "expires_at"}
    assert {key: known[key] for key in known if key not in tellable} == {
        key: unknown[key] for key in unknown if key not in tellable
    }


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_managers_only_invite_and_see_invitations(manager, team, role):
    made = invite(manager, team, "ada@example.com")
    client = client_of(make_member(team, role))
    body = {"team": team.pk, "email": "bob@example.com", "role": "viewer"}
    assert_problem(client.post(URL, body), 403, "permission_denied")
    assert client.get(URL).json()["results"] == []
    for method in ("get", "delete"):
        assert_problem(getattr(client, method)(f"{URL}{made['id']}/"), 404, "not_found")
    assert [row.status for row in Invitation.objects.all()] == ["pending"]


def test_nobody_invites_to_the_team_of_others(team):
    body = {"team": team.pk, "email": "bob@example.com", "role": "viewer"}
    response = client_of(make_user()).post(URL, body)
    assert_problem(response, 400, "does_not_exist", field="team")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("email", "a@" + "İ" * 60 + "." + "İ" * 60 + "." + "İ" * 60 + "." + "İ" * 60 + ".de"),
        ("email", None),
        ("role", "king"),
        ("team", None),
    ],
)
def test_an_invitation_that_makes_no_sense_is_refused(manager, team, field, value):
    body = {"team": team.pk, "email": "ada@example.com", "role": "viewer", field: value}
    response = client_of(manager).post(URL, body)
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == field


def test_what_the_service_writes_can_not_be_sent(manager, team):
    body = {"team": team.pk, "email": "ada@example.com", "role": "viewer", "token": "x",
            "digest": "x", "invited_by": "root", "accepted_at": "2026-01-01T00:00:00Z",
            "expires_at": "2099-01-01T00:00:00Z"}  # fmt: skip
    made = client_of(manager).post(URL, body).json()
    assert made["token"] != "x"
    assert made["invited_by"] == manager.username
    assert made["accepted_at"] is None
    assert not made["expires_at"].startswith("2099")


def test_a_key_invites_nobody_and_accepts_nothing(manager, team):
    client = client_with(make_key(team, Role.MANAGER))
    token = invite(manager, team, "ada@example.com")["token"]
    body = {"team": team.pk, "email": "bob@example.com", "role": "viewer"}
    assert_problem(client.post(URL, body), 403, "people_only")
    assert_problem(client.post(f"{URL}accept/", {"token": token}), 403, "people_only")
    assert Invitation.objects.count() == 1


@pytest.mark.parametrize("token", ["", None, "x" * 201, "a\0b", ["x"]])
def test_a_token_that_can_be_none_is_refused(token):
    assert_problem(accept(make_user(), token), 400, "invalid")


def test_half_a_character_is_no_token():
    body = b'{"token": "\\ud800"}'
    response = client_of(make_user()).post(f"{URL}accept/", body, content_type="application/json")
    assert_problem(response, 400, "invalid")


def test_a_list_takes_the_same_queries_for_more_rows(manager, team):
    client, costs = client_of(manager), []
    for turn in range(2):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(URL).status_code == 200
        costs.append(len(captured))
        for number in range(5):
            invite(manager, team, f"{turn}{number}@example.com")
    assert costs == [2, 2]  # the user, the invitations
