"""What makes two addresses the same."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.address import LONGEST, UNSEEN, address_key, key_in_unicode
from accounts.models import Invitation, User
from accounts.tests.people import make_user

PASSWORD = "correct horse battery"
ONE_MAILBOX = "ada@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "typed",
    [
        "ada@xn--bcher-kva.example",
        "ADA@XN--BCHER-KVA.EXAMPLE",
        "Ada@BÜCHER.example",
        "ada@bu\u0308cher.example",  # the dots as a character of their own
        "ada@bücher。example",  # an ideographic full stop
        "\u200b ada@bücher.example\u00a0",
        "\ufeffada@xn--bcher-kva.example",
    ],
)
def test_the_spellings_of_a_mailbox_have_one_key(typed):
    assert address_key(typed) == ONE_MAILBOX


def test_names_that_only_look_alike_have_keys_of_their_own():
    alike = ["cafe@example.com", "café@example.com", "\uff43afe@example.com"]
    assert len({address_key(address) for address in alike}) == 3
    assert address_key("e\u0301@example.com") == address_key("É@example.com")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", ""),
        ("@", "@"),
        (" Admin ", "admin"),
        ("Änna", "änna"),
        ("ADA@exam", "ada@exam"),
        ("ADA@", "ada@"),
        ("a@b@c", "a@b@c"),
        ("ada@bü cher.example", "ada@bü cher.example"),
        ("ada@b\uff20c.example", "ada@b\uff20c.example"),  # a wide "@"
        ("ada@-ü-.example", "ada@-ü-.example"),
        ("ü" * LONGEST + "Ü", "ü" * (LONGEST + 1)),
    ],
)
def test_what_is_no_address_is_only_trimmed_and_lowered(text, key):
    assert address_key(text) == key


@given(st.text(st.characters(max_codepoint=127)))
def test_the_key_of_ascii_is_its_lower_case(text):
    assert address_key(text) == text.strip().lower()


def near_addresses():
    """Texts with many of the characters that mean something in an address."""
    odd = st.sampled_from(
        [*"@.-<>\"' \0\r\n", "xn--", "ß", "İ", "Σ", "ü", "\ud800", "\uff20", *UNSEEN]
    )
    return st.lists(odd | st.characters(exclude_categories=[]) | st.text(max_size=4)).map("".join)


@hypothesis_settings(max_examples=300)
@given(near_addresses())
@example("ada@xn--")
@example("ada@xn--\x80")
def test_every_text_has_a_key_and_the_key_of_a_key_is_itself(text):
    key = address_key(text)
    assert address_key(key) == key
    key_in_unicode(key)


def rekey():
    migration = import_module("accounts.migrations.0006_domains_in_ascii")
    migration.keep_domains_in_ascii(apps, SimpleNamespace(connection=connection))


@pytest.mark.django_db
def test_users_and_invitations_from_before_are_found_by_the_key_of_today():
    user, taken, twin = make_user(), make_user(), make_user()
    invitation = Invitation.objects.invite(
        team=user.own_team, email="a@example.com", invited_by="somebody"
    )
    spelled(User, user, "ada@bücher.example")
    spelled(User, taken, "eve@bücher.example")
    spelled(User, twin, "eve@xn--bcher-kva.example")
    spelled(Invitation, invitation, "ada@bücher.example")
    rekey()
    assert User.objects.get(email="Ada@bücher.example") == user
    assert Invitation.objects.get(email="ada@xn--bcher-kva.example") == invitation
    taken.refresh_from_db()
    assert taken.email == "eve@bücher.example"
    assert User.objects.get(email="eve@bücher.example") == twin


def spelled(model, row, email):
    """As a row was written before."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {model._meta.db_table} SET email = %s WHERE id = %s", [email, row.pk]
        )


@pytest.mark.django_db
def test_either_spelling_of_the_domain_signs_in(client):
    User.objects.create_user("ada", "ada@bücher.example", PASSWORD)
    for typed in ("ada@bücher.example", "ADA@xn--bcher-kva.example"):
        body = {"username": typed, "password": PASSWORD}
        assert client.post("/api/token/", body).status_code == 200
