from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from accounts.models import TokenFamily
from accounts.tests.people import assert_problem, client_of, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def quick_hasher(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def user():
    return make_user(password=PASSWORD)


@pytest.fixture
def client():
    return APIClient(raise_request_exception=False)


def log_in(client, username, password=PASSWORD):
    return client.post("/api/token/", {"username": username, "password": password})


def refresh(client, token):
    return client.post("/api/token/refresh/", {"refresh": str(token)})


def bearer(client, token):
    return client.get("/api/campaigns/", HTTP_AUTHORIZATION=f"Bearer {token}")


def test_a_username_and_password_give_tokens_that_open_the_api(client, user):
    tokens = log_in(client, user.username).json()
    assert tokens.keys() == {"access", "refresh"}
    assert bearer(client, tokens["access"]).status_code == 200


def test_the_email_address_works_as_username_in_any_case(client, user):
    assert log_in(client, user.email.upper()).status_code == 200


def test_a_wrong_password_and_an_unknown_user_get_the_same_401(client, user):
    wrong, unknown = log_in(client, user.username, "wrong"), log_in(client, "nobody", "wrong")
    assert_problem(wrong, 401, "no_active_account")
    assert wrong.content == unknown.content
    assert wrong["WWW-Authenticate"].startswith("Bearer")


def test_an_inactive_user_can_not_log_in(client, user):
    user.is_active = False
    user.save()
    assert_problem(log_in(client, user.username), 401, "no_active_account")


def test_without_a_token_the_answer_is_401(client):
    response = client.get("/api/campaigns/")
    assert_problem(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("token", ["x", "a.b.c", "ü", "x" * 5000])
def test_a_token_that_is_none_gets_401(client, token):
    assert_problem(bearer(client, token), 401, "token_not_valid")


def test_a_refresh_token_gives_a_new_pair_and_is_used_up(client, user):
    old = log_in(client, user.username).json()["refresh"]
    pair = refresh(client, old).json()
    assert bearer(client, pair["access"]).status_code == 200
    assert refresh(client, pair["refresh"]).status_code == 200
    assert_problem(refresh(client, old), 401, "token_not_valid")


def test_a_refresh_token_opens_nothing_itself(client, user):
    token = TokenFamily.objects.start(user)
    assert bearer(client, token.access_token).status_code == 200
    assert_problem(bearer(client, token), 401, "token_not_valid")


def test_logging_out_ends_the_refresh_token(client, user):
    token = str(TokenFamily.objects.start(user))
    assert client.post("/api/token/verify/", {"token": token}).status_code == 200
    assert client.post("/api/token/logout/", {"refresh": token}).status_code == 200
    assert_problem(refresh(client, token), 401, "token_not_valid")
    assert_problem(client.post("/api/token/verify/", {"token": token}), 401, "token_not_valid")
    assert_problem(client.post("/api/token/logout/", {"refresh": token}), 401, "token_not_valid")


def test_verify_tells_a_good_access_token_from_a_bad_one(client, user):
    token = TokenFamily.objects.start(user).access_token
    assert client.post("/api/token/verify/", {"token": str(token)}).status_code == 200
    token.set_exp(lifetime=-timedelta(seconds=1))
    assert_problem(client.post("/api/token/verify/", {"token": str(token)}), 401, "token_not_valid")


def test_a_new_password_ends_the_tokens_that_came_before_it(client, user):
    pair = log_in(client, user.username).json()
    user.set_password("another horse battery")
    user.save()
    assert_problem(bearer(client, pair["access"]), 401, "password_changed")
    assert_problem(refresh(client, pair["refresh"]), 401, "password_changed")


def test_the_tokens_of_a_deleted_user_are_refused(client, user):
    pair = log_in(client, user.username).json()
    user.own_team.delete()
    user.delete()
    assert_problem(bearer(client, pair["access"]), 401, "user_not_found")
    assert_problem(refresh(client, pair["refresh"]), 401, "user_not_found")


ODD_CLAIMS = [{"user_id": "x"}, {"user_id": [1]}, {"user_id": 10**30}, {"user_id": {}},
              {"user_id": None}, {"user_id": 1e300}, {"exp": "x"}, {"exp": 10**30},
              {"exp": None}, {"jti": None}, {"jti": ["x"]}, {"jti": 1}, {"token_type": None},
              {"family": None}, {"family": 1}, {"family": ["x"]}, {"family": {"a": 1}},
              {"family": "x" * 5000}, {"family": "\0"}, {"family": "\ud800"},
              {"hash_password": None}, {"hash_password": ["x"]}]  # fmt: skip


@pytest.mark.parametrize("claims", ODD_CLAIMS)
def test_odd_claims_get_401_although_they_are_signed(client, user, claims):
    # Logging out asks for the signature and the login alone, whatever has become of the user.
    ends_login = claims.keys() & {"user_id", "hash_password"}
    for path, field in (("refresh", "refresh"), ("verify", "token"), ("logout", "refresh")):
        token = TokenFamily.objects.start(user)
        token.payload.update(claims)
        response = client.post(f"/api/token/{path}/", {field: str(token)})
        expected = 200 if path == "logout" and ends_login else 401
        assert response.status_code == expected, (path, response.content)
    token = TokenFamily.objects.start(user).access_token
    token.payload.update(claims)
    assert bearer(client, token).status_code == 401


@pytest.mark.parametrize("claim", ["user_id", "exp", "jti", "token_type", "family"])
def test_a_token_without_a_claim_is_refused(client, user, claim):
    token = TokenFamily.objects.start(user)
    access = token.access_token
    del token.payload[claim], access.payload[claim]
    assert_problem(refresh(client, token), 401, "token_not_valid")
    assert_problem(bearer(client, access), 401, "token_not_valid")


@pytest.mark.parametrize("body", [None, [], "x", 1, {}, {"username": None, "password": None},
                                  {"username": ["a"], "password": {"b": 1}},
                                  {"username": "a\0b", "password": "x"}])  # fmt: skip
def test_odd_bodies_get_400(client, body):
    response = client.post("/api/token/", body, format="json")
    assert_problem(response, 400, "invalid")


def test_the_browsable_api_works_with_a_session(client, user):
    client.force_login(user)
    assert client.get("/api/campaigns/").status_code == 200


def test_a_session_needs_a_csrf_token_to_write(user):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(user)
    response = client.post("/api/campaigns/", {"name": "Spring"})
    assert_problem(response, 403, "permission_denied")
    assert client_of(user).post("/api/campaigns/", {"name": "Spring"}).status_code == 201
