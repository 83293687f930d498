"""Two-factor login, by the pages that people use."""

import re
from base64 import b32decode
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
PAGE, LOGIN, CODE = "/admin/two-factor/", "/admin/login/", "/admin/login/code/"
LATER = timedelta(minutes=2)  # a code is good once, and a minute of clocks that differ is forgiven


@pytest.fixture
def ada():
    return User.objects.create_superuser("ada", "ada@example.com", PASSWORD)


def code_at(key: bytes, moment) -> str:
    with time_machine.travel(moment, tick=False):
        return f"{totp(key):06}"


class Phone:
    """Turns two-factor login on for whoever is signed in; then tells codes."""

    def __init__(self, client):
        secret = re.search(r'to-copy">([A-Z2-7 ]+)</code>', client.get(PAGE).content.decode())[1]
        self.key = b32decode(secret.replace(" ", ""))
        page = client.post(PAGE, {"code": code_at(self.key, timezone.now())})
        self.backup_codes = re.findall(r"<li><code>([a-z0-9-]+)</code>", page.content.decode())

    def code(self, later=LATER) -> str:
        return code_at(self.key, timezone.now() + later)


@pytest.fixture
def session(ada, client):
    """Ada's, by her password, from before."""
    client.post(LOGIN, {"username": "ada", "password": PASSWORD})
    return client


@pytest.fixture
def phone(session):
    return Phone(session)


def log_in(client, code=None, address=LOGIN, goal="/admin/"):
    """The answer to the code, or to the password where none is given."""
    reply = client.post(address, {"username": "ada", "password": PASSWORD, "next": goal})
    return client.post(reply.url, {"code": code, "next": goal}) if code else reply


def is_in(client) -> bool:
    return client.get("/admin/").status_code == 200


def test_without_it_the_password_lets_in(ada, client):
    assert log_in(client).url == "/admin/"
    assert is_in(client)


@pytest.mark.parametrize("address", [LOGIN, "/api-auth/login/"])
def test_with_it_the_password_alone_makes_no_session(phone, address):
    client = Client()
    reply = log_in(client, address=address)
    assert reply.url.startswith(CODE)
    assert not is_in(client)
    assert client.get("/api/campaigns/").status_code == 401
    assert client.get("/sample/1/").status_code == 302


@pytest.mark.parametrize("address", [LOGIN, "/api-auth/login/"])
def test_the_code_lets_in_and_leads_on(phone, address):
    client = Client()
    with time_machine.travel(timezone.now() + LATER):
        reply = log_in(client, phone.code(timedelta(0)), address, goal="/api/campaigns/")
        assert reply.url == "/api/campaigns/"
        assert is_in(client)
        assert client.get("/api/campaigns/").status_code == 200


def test_it_leads_to_no_other_site(phone):
    client = Client()
    with time_machine.travel(timezone.now() + LATER):
        reply = log_in(client, phone.code(timedelta(0)), goal="https://evil.example/")
    assert reply.url == "/admin/"


def test_a_code_is_good_once(phone):
    with time_machine.travel(timezone.now() + LATER):
        code = phone.code(timedelta(0))
        log_in(Client(), code)
        again = Client()
        assert "was used before" in log_in(again, code).content.decode()
        assert not is_in(again)


def test_the_code_of_the_set_up_is_not_good_for_a_login(session):
    with time_machine.travel(timezone.now(), tick=False):
        phone = Phone(session)
        other = Client()
        log_in(other, phone.code(timedelta(0)))
        assert not is_in(other)


def test_each_backup_code_is_good_once_however_it_is_typed(phone):
    first, *_, last = phone.backup_codes
    assert len(set(phone.backup_codes)) == 10
    client = Client()
    log_in(client, f" {first.upper().replace('-', ' ')}")
    assert is_in(client)
    again = Client()
    log_in(again, first)
    assert not is_in(again)
    with time_machine.travel(timezone.now() + LATER):  # django-otp makes the next try wait
        third = Client()
        log_in(third, last)
        assert is_in(third)


def test_backup_codes_are_kept_as_hashes(phone):
    kept = set(StaticToken.objects.values_list("token", flat=True))
    assert len(kept) == 10
    assert not kept & {code.replace("-", "") for code in phone.backup_codes}


def test_codes_are_guarded_as_passwords_are(phone, settings):
    settings.API_LOGIN_FAILURES = 3
    client, start = Client(), timezone.now()
    for number in range(1, 4):
        with time_machine.travel(start + LATER * number):
            log_in(client, "000000")
    with time_machine.travel(start + LATER * 4):
        page = log_in(client, phone.code(timedelta(0))).content.decode()
    assert "Too many logins have failed" in page
    assert not is_in(client)


def test_the_right_password_forgives_no_wrong_codes(phone, settings):
    """Who has the password could else guess for ever."""
    settings.API_LOGIN_FAILURES = 3
    start = timezone.now()
    for number in range(1, 4):
        with time_machine.travel(start + LATER * number):
            log_in(Client(), "000000")
    with time_machine.travel(start + LATER * 4):
        client = Client()
        log_in(client, phone.code(timedelta(0)))
        assert not is_in(client)


def test_the_password_is_asked_for_again_after_five_minutes(phone):
    client = Client()
    address = log_in(client).url
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        reply = client.post(address, {"code": phone.code(timedelta(0))})
        assert reply.url.startswith(LOGIN)
        assert not is_in(client)


def test_a_password_that_changed_meanwhile_ends_the_login(phone, ada):
    client = Client()
    address = log_in(client).url
    ada.set_password("another good passphrase")
    ada.save()
    with time_machine.travel(timezone.now() + LATER):
        assert client.post(address, {"code": phone.code(timedelta(0))}).url.startswith(LOGIN)


def test_nobody_reaches_the_code_without_the_password(client):
    assert client.get(CODE).url.startswith(LOGIN)


def test_sessions_from_before_end_when_it_is_turned_on(ada, session):
    elsewhere = Client()
    log_in(elsewhere)
    assert is_in(elsewhere)
    Phone(session)
    assert is_in(session)
    assert not is_in(elsewhere)
    assert elsewhere.get("/api/campaigns/").status_code == 401


def test_a_wrong_first_code_turns_nothing_on(session):
    session.get(PAGE)
    page = session.post(PAGE, {"code": "000000"})
    assert "not the code of the app" in page.content.decode()
    assert not TOTPDevice.objects.exists()


def test_the_secret_is_shown_as_a_picture_that_is_made_here(session):
    page = session.get(PAGE)
    assert "<svg" in page.content.decode()
    assert "no-store" in page["Cache-Control"]


def test_to_turn_it_off_takes_a_code(session, phone):
    session.post(PAGE, {"code": "000000", "off": "1"})
    assert TOTPDevice.objects.exists()
    with time_machine.travel(timezone.now() + LATER):
        session.post(PAGE, {"code": phone.code(timedelta(0)), "off": "1"})
    assert not TOTPDevice.objects.exists()
    assert not StaticToken.objects.exists()


def test_new_backup_codes_take_the_place_of_the_old(session, phone):
    with time_machine.travel(timezone.now() + LATER):
        page = session.post(PAGE, {"code": phone.code(timedelta(0)), "codes": "1"})
    fresh = re.findall(r"<li><code>([a-z0-9-]+)</code>", page.content.decode())
    assert len(fresh) == 10
    old, new = Client(), Client()
    log_in(new, fresh[0])
    assert is_in(new)
    log_in(old, phone.backup_codes[0])
    assert not is_in(old)


def test_tokens_of_the_api_take_no_code(phone):
    reply = Client().post("/api/token/", {"username": "ada", "password": PASSWORD})
    assert reply.status_code == 200


# -- The setting -----------------------------------------------------------------------------------
def test_off_asks_nobody(phone, settings):
    settings.ADMIN_TWO_FACTOR = "off"
    client = Client()
    log_in(client)
    assert is_in(client)
    assert client.get(PAGE).status_code == 404


def test_required_leads_staff_to_where_it_is_turned_on(ada, session, settings):
    settings.ADMIN_TWO_FACTOR = "required"
    assert session.get("/admin/").url == PAGE
    assert session.get("/admin/campaigns/campaign/").url == PAGE
    assert session.get("/api/campaigns/").status_code == 401
    Phone(session)
    assert is_in(session)
    assert session.get("/api/campaigns/").status_code == 200


def test_required_can_not_be_turned_off_and_lets_people_leave(session, settings):
    settings.ADMIN_TWO_FACTOR = "required"
    assert session.post("/admin/logout/").status_code == 200
    log_in(session)
    phone = Phone(session)
    with time_machine.travel(timezone.now() + LATER):
        session.post(PAGE, {"code": phone.code(timedelta(0)), "off": "1"})
    assert TOTPDevice.objects.exists()


# -- Who has lost their phone ----------------------------------------------------------------------
@pytest.fixture
def superuser():
    User.objects.create_superuser("root", "root@example.com", PASSWORD)
    client = Client()
    client.post(LOGIN, {"username": "root", "password": PASSWORD})
    return client


def test_a_superuser_resets_it(phone, ada, superuser):
    user = f"/admin/accounts/user/{ada.pk}"
    assert "Reset two-factor login" in superuser.get(f"{user}/change/").content.decode()
    page = f"{user}/reset-two-factor/"
    assert "Be sure that it is ada" in superuser.get(page).content.decode()
    assert superuser.post(page).status_code == 302
    client = Client()
    log_in(client)
    assert is_in(client)
    assert LogEntry.objects.filter(change_message__contains="reset", object_id=ada.pk).exists()


def test_nobody_else_resets_it(phone, ada, django_user_model):
    bob = django_user_model.objects.create_user("bob", "bob@example.com", PASSWORD, is_staff=True)
    client = Client()
    client.force_login(bob)
    assert client.post(f"/admin/accounts/user/{ada.pk}/reset-two-factor/").status_code in (403, 404)
    assert TOTPDevice.objects.exists()


def test_a_command_resets_it_for_the_last_superuser(phone):
    said = StringIO()
    call_command("reset_two_factor", "ada", stdout=said)
    assert "off" in said.getvalue()
    assert not TOTPDevice.objects.exists()


def test_no_page_of_the_admin_shows_secrets_or_codes(superuser):
    assert superuser.get("/admin/otp_totp/totpdevice/").status_code == 404
    assert superuser.get("/admin/otp_static/staticdevice/").status_code == 404
