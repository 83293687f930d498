from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import ApiKey, Membership
from accounts.principal import ApiKeyPrincipal
from accounts.tests.people import (
    assert_problem,
    client_of,
    client_with,
    make_key,
    make_member,
    make_user,
)

pytestmark = pytest.mark.django_db
URL = "/api/api-keys/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Role = Membership.Role


def make(manager, team, **fields):
    body = {"team": team and team.pk, "name": "CRM", "role": "editor", **fields}
    return client_of(manager).post(URL, body)


def works(key) -> bool:
    response = client_with(key).get("/api/teams/")
    if response.status_code == 200:
        return True
    assert_problem(response, 401, "api_key_not_valid")
    return False


def test_a_key_is_told_once_and_opens_the_api(manager, team):
    with time_machine.travel(NOON, tick=False):
        made = make(manager, team).json()
    text = made.pop("key")
    prefix, _, secret = text.partition(".")
    assert made == {
        "id": made["id"],
        "team": team.pk,
        "name": "CRM",
        "role": "editor",
        "prefix": prefix,
        "made_by": manager.username,
        "created_at": "2026-03-01T12:00:00Z",
        "expires_at": None,
        "last_used_at": None,
        "revoked_at": None,
    }
    assert len(secret) >= 43
    assert works(text)
    row = ApiKey.objects.values().get()
    assert secret not in str(row)
    for url in (URL, f"{URL}{made['id']}/"):
        told = client_of(manager).get(url).content.decode()
        assert secret not in told
        assert row["digest"] not in told


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: "x",
        lambda text: text.partition(".")[0],
        lambda text: text.partition(".")[0] + ".",
        lambda text: text[:-1],
        lambda text: text + "x",
        lambda text: text.upper(),
        lambda text: "0" * 16 + text[16:],
        lambda text: text.replace(".", " "),
        lambda text: f"{text} {text}",
        lambda text: "ü\0" + text,
        lambda text: text * 500,
    ],
)
def test_whatever_is_wrong_with_a_key_is_401(team, spoil):
    key = make_key(team, Role.MANAGER)
    assert works(key)
    assert not works(spoil(key.key))


def test_the_secret_of_one_key_does_not_open_another(team):
    one, other = (make_key(team, Role.MANAGER) for _ in range(2))
    assert not works(f"{one.prefix}.{other.key.partition('.')[2]}")


def test_a_revoked_key_opens_nothing_and_stays_in_the_list(manager, team):
    key = make_key(team, Role.EDITOR)
    with time_machine.travel(NOON, tick=False):
        assert client_of(manager).delete(f"{URL}{key.pk}/").status_code == 204
    assert not works(key)
    client = client_of(manager)
    assert client.delete(f"{URL}{key.pk}/").status_code == 204
    assert client.get(f"{URL}{key.pk}/").json()["revoked_at"] == "2026-03-01T12:00:00Z"
    good = make_key(team, Role.VIEWER)

    def ids(**query):
        return [row["id"] for row in client.get(URL, query).json()["results"]]

    assert ids(revoked="true") == [key.pk]
    assert ids(revoked="false") == [good.pk]
    assert ids(role="editor") == [key.pk]
    assert ids(search=good.name) == [good.pk]
    assert ids(team=manager.own_team.pk) == []


def test_a_key_ends_when_it_was_meant_to(manager, team):
    with time_machine.travel(NOON, tick=False):
        key = make(manager, team, expires_at="2026-03-02T12:00:00Z").json()["key"]
    with time_machine.travel(NOON + timedelta(days=1, seconds=-1), tick=False):
        assert works(key)
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        assert not works(key)


def test_a_key_stays_when_its_maker_leaves_and_goes_with_its_team(manager, team):
    key = make(manager, team).json()["key"]
    make_member(team, Role.MANAGER)
    manager.delete()
    assert works(key)
    team.remove()
    assert not works(key)


def test_its_use_is_noted_once_a_minute(team):
    key = make_key(team, Role.VIEWER)
    client = client_with(key)

    def used_at(seconds):
        with (
            time_machine.travel(NOON + timedelta(seconds=seconds), tick=False),
            CaptureQueriesContext(connection) as captured,
        ):
            client.get("/api/teams/")
        writes = [query for query in captured if query["sql"].startswith("UPDATE")]
        key.refresh_from_db()
        return len(writes), (key.last_used_at - NOON).total_seconds()

    assert used_at(0) == (1, 0)
    assert used_at(59) == (0, 0)
    assert used_at(60) == (1, 60)
    assert used_at(61) == (0, 60)


def test_two_processes_that_note_its_use_at_once_write_once(team):
    key = make_key(team, Role.VIEWER)
    one, other = (ApiKey.objects.get(pk=key.pk) for _ in range(2))
    with time_machine.travel(NOON, tick=False):
        one.note_use()
    with time_machine.travel(NOON + timedelta(seconds=1), tick=False):
        other.note_use()
    key.refresh_from_db()
    assert key.last_used_at == NOON


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_managers_only_make_and_see_keys(team, role):
    key = make_key(team, Role.VIEWER)
    member = make_member(team, role)
    assert_problem(make(member, team, role="viewer"), 403, "permission_denied")
    client = client_of(member)
    assert client.get(URL).json()["results"] == []
    for method in ("get", "delete"):
        assert_problem(getattr(client, method)(f"{URL}{key.pk}/"), 404, "not_found")
    assert works(key)


def test_the_keys_of_another_team_do_not_exist(team):
    key, stranger = make_key(team, Role.VIEWER), make_user()
    assert_problem(make(stranger, team), 400, "does_not_exist", field="team")
    for method in ("get", "delete"):
        response = getattr(client_of(stranger), method)(f"{URL}{key.pk}/")
        assert_problem(response, 404, "not_found")
    assert works(key)


def test_a_key_makes_no_key_and_revokes_none(team):
    key, other = make_key(team, Role.MANAGER), make_key(team, Role.VIEWER)
    client = client_with(key)
    body = {"team": team.pk, "name": "Twin", "role": "viewer"}
    assert_problem(client.post(URL, body), 403, "people_only")
    assert_problem(client.delete(f"{URL}{other.pk}/"), 403, "people_only")
    assert "Log in" in client.post(URL, body).json()["detail"]
    assert works(other)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"role": "king"}, "role"),
        ({"team": None}, "team"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(manager, team, fields, field):
    response = make(manager, **{"team": team, **fields})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == field


def test_what_the_service_writes_can_not_be_sent(manager, team):
    moment = "2026-01-01T00:00:00Z"
    fields = {"key": "x.y", "prefix": "x", "digest": "x", "made_by": "root"}
    made = make(manager, team, **fields, last_used_at=moment, revoked_at=moment).json()
    assert made["made_by"] == manager.username
    assert made["prefix"] != "x"
    assert works(made["key"])


def test_the_scheme_is_read_in_any_case_and_others_are_left_alone(team):
    key = make_key(team, Role.VIEWER)
    client = APIClient()
    for scheme, status in (("api-key", 200), ("Api-Keys", 401), ("Bearer", 401)):
        response = client.get("/api/teams/", HTTP_AUTHORIZATION=f"{scheme} {key.key}")
        assert response.status_code == status


def test_a_bad_key_is_refused_beside_a_good_session(manager):
    client = APIClient()
    client.force_login(manager)
    response = client.get("/api/teams/", HTTP_AUTHORIZATION="Api-Key x.y")
    assert_problem(response, 401, "api_key_not_valid")


def test_the_browsable_api_shows_itself_to_a_key(team):
    key = make_key(team, Role.MANAGER)
    page = client_with(key).get("/api/teams/", HTTP_ACCEPT="text/html")
    assert page.status_code == 200
    assert key.prefix in page.content.decode()


def test_a_key_is_named_in_records_as_no_user_can_be(team):
    name = ApiKeyPrincipal(ApiKey(name="x" * 100)).get_username()
    assert " " in name
    assert len(name) <= 150


def test_a_key_costs_one_query_more_than_nothing(team):
    client = client_with(make_key(team, Role.MANAGER))
    client.get("/api/teams/")
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/api/teams/").status_code == 200
    assert len(captured) == 2  # the key, the teams


def test_a_list_takes_the_same_queries_for_more_rows(manager, team):
    client, costs = client_of(manager), []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(URL).status_code == 200
        costs.append(len(captured))
        for _ in range(5):
            make_key(team, Role.VIEWER)
    assert costs == [2, 2]  # the user, the keys
