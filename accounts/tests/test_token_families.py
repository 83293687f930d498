"""A refresh token that is used twice ends its login, and no other."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from accounts import token_family
from accounts.models import TokenFamily, User
from accounts.tasks import forget_expired_logins
from accounts.tests.at_once import all_at_once
from accounts.tests.people import assert_problem, make_user
from accounts.tests.staff import admin_client, page, signed_in

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def user():
    return make_user(password=PASSWORD)


@pytest.fixture
def client():
    return APIClient(raise_request_exception=False)


def log_in(client, user) -> dict:
    credentials = {"username": user.username, "password": PASSWORD}
    return client.post("/api/token/", credentials).json()


def refresh(client, token):
    return client.post("/api/token/refresh/", {"refresh": str(token)})


def status(client, pair) -> tuple[int, int]:
    """Of the access token and of the refresh token, without using up the latter."""
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {pair['access']}"}
    opened = client.get("/api/campaigns/", **bearer).status_code
    verified = client.post("/api/token/verify/", {"token": pair["refresh"]}).status_code
    return opened, verified


def test_every_token_of_a_login_names_its_family(client, user):
    first = log_in(client, user)
    second = refresh(client, first["refresh"]).json()
    texts = [first["access"], second["access"]]
    families = {AccessToken(text)["family"] for text in texts}
    families |= {RefreshToken(pair["refresh"])["family"] for pair in (first, second)}
    assert families == {TokenFamily.objects.get().pk}
    assert RefreshToken(log_in(client, user)["refresh"])["family"] not in families


def test_a_refresh_token_that_is_used_again_ends_the_tokens_that_came_from_it(client, user):
    first = log_in(client, user)
    second = refresh(client, first["refresh"]).json()
    third = refresh(client, second["refresh"]).json()
    assert status(client, third) == (200, 200)
    assert_problem(refresh(client, first["refresh"]), 401, "token_not_valid")
    for pair in (first, second, third):
        assert status(client, pair) == (401, 401)
        assert_problem(refresh(client, pair["refresh"]), 401, "token_not_valid")


def test_other_logins_of_the_same_user_go_on(client, user):
    mine, other = log_in(client, user), log_in(client, user)
    refresh(client, mine["refresh"])
    refresh(client, mine["refresh"])
    assert status(client, mine) == (401, 401)
    assert status(client, other) == (200, 200)
    assert client.post("/api/token/logout/", {"refresh": other["refresh"]}).status_code == 200
    assert status(client, log_in(client, user)) == (200, 200)


def test_a_refresh_token_that_was_used_is_no_longer_verified_and_lives_on_as_a_login(client, user):
    first = log_in(client, user)
    second = refresh(client, first["refresh"]).json()
    assert status(client, first) == (200, 401)
    assert status(client, second) == (200, 200)


def test_logging_out_ends_access_tokens_too(client, user):
    pair, other = log_in(client, user), log_in(client, user)
    client.post("/api/token/logout/", {"refresh": pair["refresh"]})
    assert status(client, pair) == (401, 401)
    assert status(client, other) == (200, 200)


def test_nobody_can_put_a_token_into_the_family_of_another_user(client, user):
    stranger = make_user()
    token = TokenFamily.objects.start(stranger)
    family = TokenFamily.objects.start(user)["family"]
    token["family"] = family
    assert_problem(refresh(client, token), 401, "token_not_valid")
    assert TokenFamily.objects.filter(pk=family).exists()


@pytest.mark.django_db(transaction=True)
def test_of_eight_refreshes_at_once_one_wins_and_the_family_ends(client, user, monkeypatch):
    mine, other = log_in(client, user), log_in(client, user)
    together, place_of = threading.Barrier(8), token_family.place_of

    def wait_for_all(token):
        """Each has found the token good by now, and none has used it up."""
        together.wait(60)
        return place_of(token)

    monkeypatch.setattr(token_family, "place_of", wait_for_all)
    answers = all_at_once([lambda: refresh(APIClient(), mine["refresh"])] * 8)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 7}
    [winner] = [answer.json() for answer in answers if answer.status_code == 200]
    assert status(client, winner) == (401, 401)
    assert_problem(refresh(client, winner["refresh"]), 401, "token_not_valid")
    assert status(client, other) == (200, 200)


def test_a_token_costs_one_query_for_its_user_and_its_family(
    client, user, django_assert_num_queries
):
    pair = log_in(client, user)
    with django_assert_num_queries(1):
        assert client.post("/api/token/verify/", {"token": pair["access"]}).status_code == 200


def test_nothing_of_a_tokens_text_is_stored(client, user):
    pair = log_in(client, user)
    refresh(client, pair["refresh"])
    stored = str(list(TokenFamily.objects.values()))
    for text in pair.values():
        for part in text.split("."):
            assert part not in stored


def test_families_whose_tokens_have_run_out_are_forgotten(client, user):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        log_in(client, user)
        kept = log_in(client, user)["refresh"]
    with time_machine.travel(start + timedelta(days=6), tick=False):
        kept = refresh(client, kept).json()["refresh"]
    with time_machine.travel(start + timedelta(days=7, seconds=1), tick=False):
        forget_expired_logins()
        assert TokenFamily.objects.get().pk == RefreshToken(kept)["family"]
        assert refresh(client, kept).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_the_tables_that_kept_tokens_in_clear_are_dropped():
    stale = ContentType.objects.create(app_label="token_blacklist", model="outstandingtoken")
    tables = ["token_blacklist_outstandingtoken", "token_blacklist_blacklistedtoken"]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {tables[0]} (id BIGINT PRIMARY KEY, token TEXT)")
        cursor.execute(
            f"CREATE TABLE {tables[1]} "
            f"(id BIGINT PRIMARY KEY, FOREIGN KEY (id) REFERENCES {tables[0]} (id))"
        )
        cursor.execute(f"INSERT INTO {tables[0]} VALUES (1, 'secret')")
        cursor.execute(f"INSERT INTO {tables[1]} VALUES (1)")
    for _ in range(2):  # a second time there is nothing to do
        for target in ("0004_token_families", "0005_no_blacklist"):
            MigrationExecutor(connection).migrate([("accounts", target)])
    assert not set(tables) & set(connection.introspection.table_names())
    assert not ContentType.objects.filter(pk=stale.pk).exists()


def test_who_is_locked_out_and_let_in_again_logs_in_anew(client, user, admin_client):
    pair = log_in(client, user)
    form = {"username": user.username, "email": user.email}
    for active in ({}, {"is_active": "on"}):
        admin_client.post(page(User, "change", user.pk), form | active)
    user.refresh_from_db()
    assert user.is_active
    assert status(client, pair) == (401, 401)
    pair = log_in(client, user)
    admin_client.post(page(User, "change", user.pk), form | {"is_active": "on"})
    assert status(client, pair) == (200, 200)


def new_passwords(user, admin_client):
    """Each way to give a user another password, and the user's own."""
    fresh = "another horse battery"
    password = {"password1": fresh, "password2": fresh}
    one = reverse("admin:auth_user_password_change", args=[user.pk])
    own = {"old_password": PASSWORD, "new_password1": fresh, "new_password2": fresh}
    return {
        "by an admin": lambda: admin_client.post(one, password | {"usable_password": "true"}),
        "none at all": lambda: admin_client.post(
            one, password | {"usable_password": "false", "unset-password": "1"}
        ),
        "one's own": lambda: signed_in(user).post(reverse("admin:password_change"), own),
    }


@pytest.mark.parametrize("way", ["by an admin", "none at all", "one's own"])
def test_another_password_ends_every_login(client, admin_client, way):
    user, other = make_user(password=PASSWORD, is_staff=True), make_user(password=PASSWORD)
    log_in(client, user), log_in(client, user), log_in(client, other)
    new_passwords(user, admin_client)[way]()
    assert not User.objects.get(pk=user.pk).check_password(PASSWORD)
    assert [family.user for family in TokenFamily.objects.all()] == [other]


def test_who_is_locked_out_can_still_log_out(client, user):
    pair = log_in(client, user)
    User.objects.filter(pk=user.pk).update(is_active=False, password="another")
    out = {"refresh": pair["refresh"]}
    assert client.post("/api/token/logout/", out).status_code == 200
    assert not TokenFamily.objects.exists()
    assert_problem(client.post("/api/token/logout/", out), 401, "token_not_valid")
