"""Guessing passwords: refused after some failures, at every door, for a while."""

import logging
from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.client_address import network_of
from accounts.login_guard import LoginTrace
from accounts.models import User
from accounts.tasks import forget_expired_logins
from accounts.tests.at_once import all_at_once
from accounts.tests.people import assert_problem, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
HOME, ELSEWHERE = "203.0.113.77", "198.51.100.4"


@pytest.fixture(autouse=True)
def limits(settings):
    settings.API_LOGIN_FAILURES, settings.API_LOGIN_LOCK_MINUTES = 3, 15
    settings.TRUSTED_PROXIES = 0


@pytest.fixture
def user():
    return make_user(password=PASSWORD, is_staff=True)


def token(name, password="wrong", address=HOME, **headers):
    credentials = {"username": name, "password": password}
    client = APIClient(raise_request_exception=False)
    return client.post("/api/token/", credentials, REMOTE_ADDR=address, **headers)


def form(path, name, password="wrong", address=HOME):
    data = {"username": name, "password": password}
    return Client().post(path, data, REMOTE_ADDR=address)


def fail(name, times, address=HOME):
    for _ in range(times):
        assert_problem(token(name, address=address), 401, "no_active_account")


def test_after_so_many_failures_even_the_right_password_is_refused(user):
    fail(user.username, 3)
    with time_machine.travel(timezone.now(), tick=False):
        answer = token(user.username, PASSWORD)
    assert_problem(answer, 429, "throttled")
    assert 0 < int(answer["Retry-After"]) <= 15 * 60
    assert f"Try again in {answer['Retry-After']} seconds." in answer.json()["detail"]


def test_the_lock_runs_out_by_itself(user):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        fail(user.username, 3)
    with time_machine.travel(start + timedelta(minutes=14, seconds=59), tick=False):
        assert token(user.username, PASSWORD)["Retry-After"] == "1"
    with time_machine.travel(start + timedelta(minutes=15), tick=False):
        fail(user.username, 3)  # they count from one again
        assert_problem(token(user.username, PASSWORD), 429, "throttled")
    with time_machine.travel(start + timedelta(minutes=30), tick=False):
        assert token(user.username, PASSWORD).status_code == 200


def test_trying_on_while_locked_out_makes_the_lock_no_longer(user):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        fail(user.username, 3)
    with time_machine.travel(start + timedelta(minutes=10), tick=False):
        assert token(user.username).status_code == 429
    with time_machine.travel(start + timedelta(minutes=15), tick=False):
        assert token(user.username, PASSWORD).status_code == 200


def test_a_login_that_succeeds_forgives_the_slips_before_it(user):
    for _ in range(3):
        fail(user.username, 2)
        assert token(user.username, PASSWORD).status_code == 200


@pytest.mark.parametrize("path", ["/admin/login/", "/api-auth/login/"])
def test_the_forms_and_the_api_count_together(user, path):
    fail(user.username, 2)
    assert "Too many logins" not in form(path, user.username).text
    assert_problem(token(user.username, PASSWORD), 429, "throttled")
    page = form(path, user.username, PASSWORD)
    assert page.status_code == 200
    assert "Too many logins have failed. Try again in " in page.text
    assert "_auth_user_id" not in page.client.session
    assert form(path, user.username, PASSWORD, ELSEWHERE).status_code == 302


def test_another_account_and_another_network_are_not_locked(user):
    fail(user.username, 3)
    assert token(make_user(password=PASSWORD).username, PASSWORD).status_code == 200
    assert token(user.username, PASSWORD, ELSEWHERE).status_code == 200
    assert token(user.username, PASSWORD, "203.0.113.1").status_code == 429  # the same network


def test_a_network_that_tries_many_accounts_is_refused(user):
    for number in range(30):
        fail(f"somebody{number}", 1)
    assert_problem(token(user.username, PASSWORD), 429, "throttled")
    assert token(user.username, PASSWORD, ELSEWHERE).status_code == 200


def test_an_account_that_is_tried_from_many_networks_is_refused(user):
    for number in range(30):
        fail(user.username, 1, f"198.18.{number}.1")
    assert_problem(token(user.username, PASSWORD), 429, "throttled")


def test_its_owner_is_let_in_all_the_same_where_they_have_logged_in_before(user):
    assert token(user.username, PASSWORD).status_code == 200
    for number in range(30):
        fail(user.username, 1, f"198.18.{number}.1")
    assert token(user.username, PASSWORD, ELSEWHERE).status_code == 429
    assert token(user.username, PASSWORD).status_code == 200
    for number in range(30):
        fail(user.email, 1, f"198.18.{number}.1")
    assert token(user.email, PASSWORD).status_code == 200  # by either name
    fail(user.username, 3)
    assert token(user.username, PASSWORD).status_code == 429  # guessing there is guessing still


def test_a_network_is_known_for_30_days_after_the_last_login(user):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        assert token(user.username, PASSWORD).status_code == 200
    for day in (10, 39):
        with time_machine.travel(start + timedelta(days=day), tick=False):
            forget_expired_logins()
            for number in range(30):
                fail(user.username, 1, f"198.18.{number}.1")
            assert token(user.username, PASSWORD).status_code == 200
    with time_machine.travel(start + timedelta(days=70), tick=False):
        for number in range(30):
            fail(user.username, 1, f"198.18.{number}.1")
        assert token(user.username, PASSWORD).status_code == 429


def test_an_account_that_is_not_there_answers_as_one_that_is(user):
    there = [token(user.username) for _ in range(4)]
    missing = [token("nobody") for _ in range(4)]
    assert [each.status_code for each in there] == [401, 401, 401, 429]
    assert [each.status_code for each in missing] == [401, 401, 401, 429]
    assert there[0].content == missing[0].content
    assert there[3].json().keys() == missing[3].json().keys()


def test_a_username_does_not_tell_whose_email_address_it_goes_with(user):
    fail(user.email, 3)
    fail(user.username, 1)


@pytest.mark.parametrize("other", ["{0} ", " {0}", "{1}", "{1} "])
def test_no_other_spelling_of_a_name_gets_more_guesses(user, other):
    fail(user.username, 3)
    spelled = other.format(user.username, user.username.upper())
    assert token(spelled, PASSWORD).status_code == 429


@pytest.mark.parametrize("other", ["änna", "Anna", "\uff41nna"])
def test_a_name_that_the_database_takes_for_another_logs_nobody_in(other):
    make_user(password=PASSWORD)
    User.objects.update(username="anna")
    assert token(other, PASSWORD).status_code == 401
    assert token("anna", PASSWORD).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_no_more_than_so_many_are_answered(user, settings):
    settings.API_LOGIN_FAILURES = 5
    answers = all_at_once([lambda: token(user.username)] * 16)
    counts = Counter(answer.status_code for answer in answers)
    assert counts[401] <= 5
    assert counts[401] + counts[429] == 16
    assert_problem(token(user.username, PASSWORD), 429, "throttled")


@pytest.mark.django_db(transaction=True)
def test_a_right_guess_that_comes_with_many_wrong_ones_is_refused_once_they_have_failed(
    user, monkeypatch
):
    """Both have passed the first look; the wrong ones fail while its password is checked."""
    check = User.check_password

    def slow(self, raw):
        if raw == PASSWORD and not LoginTrace.objects.exists():
            fail(user.username, 3)
        return check(self, raw)

    monkeypatch.setattr(User, "check_password", slow)
    assert_problem(token(user.username, PASSWORD), 429, "throttled")


@pytest.mark.django_db(transaction=True)
def test_logins_at_once_that_are_right_all_succeed(user):
    answers = all_at_once([lambda: token(user.username, PASSWORD)] * 8)
    assert [answer.status_code for answer in answers] == [200] * 8


def test_the_forwarded_header_is_not_believed_without_a_proxy(user, settings):
    settings.API_LOGIN_FAILURES = 10
    forwarded = [f"198.18.{number}.1" for number in range(50)]
    answers = [token(user.username, HTTP_X_FORWARDED_FOR=each).status_code for each in forwarded]
    assert answers == [401] * 10 + [429] * 40


def test_behind_a_proxy_what_the_client_claims_is_not_believed_either(user, settings):
    settings.API_LOGIN_FAILURES, settings.TRUSTED_PROXIES = 10, 1
    forwarded = [f"198.18.{number}.1, {HOME}" for number in range(50)]
    proxy = {"address": "10.0.0.1"}
    answers = [
        token(user.username, HTTP_X_FORWARDED_FOR=each, **proxy).status_code for each in forwarded
    ]
    assert answers == [401] * 10 + [429] * 40
    other = {"HTTP_X_FORWARDED_FOR": f"{HOME}, {ELSEWHERE}"}
    assert token(user.username, PASSWORD, **proxy, **other).status_code == 200


@pytest.mark.parametrize(
    ("address", "network"),
    [
        (HOME, "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::5", "::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", ""),
        ("unknown", ""),
        ("evil\r\nkey", ""),
    ],
)
def test_an_address_is_cut_to_its_network(rf, address, network):
    assert network_of(rf.get("/", REMOTE_ADDR=address)) == network


def test_nobody_keeps_their_neighbours_from_refreshing(user):
    def refresh(text):
        return APIClient().post("/api/token/refresh/", {"refresh": text}, REMOTE_ADDR=HOME)

    pair = token(user.username, PASSWORD).json()
    for _ in range(31):  # more than logins may fail in a network
        assert_problem(refresh("nonsense"), 401, "token_not_valid")
    assert refresh(pair["refresh"]).status_code == 200


def test_no_name_and_no_address_is_stored_or_logged(user, caplog):
    caplog.set_level(logging.DEBUG)
    fail(user.username, 3)
    fail(user.email, 3)
    token(user.username, PASSWORD)
    token(user.username, PASSWORD, ELSEWHERE)
    form("/admin/login/", user.username)
    stored = str(list(LoginTrace.objects.values()))
    said = "\n".join(
        record.getMessage() for record in caplog.records if not record.name.startswith("django.db")
    )
    for secret in (user.username, user.email, HOME, HOME.rpartition(".")[0], ELSEWHERE):
        assert secret not in stored
        assert secret not in said


def test_what_counts_no_more_is_forgotten(user):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        fail(user.username, 1)
        forget_expired_logins()
        assert LoginTrace.objects.count() == 3
    with time_machine.travel(start + timedelta(minutes=15), tick=False):
        forget_expired_logins()
        assert not LoginTrace.objects.exists()
