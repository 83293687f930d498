"""What an address of a contact is, and how it is kept."""

import socket

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.address import address_key
from accounts.tests.test_address import near_addresses
from campaigns.address import (
    ADDRESS_LENGTH,
    FAULTS,
    any_address,
    check_address,
    is_role_account,
    plain_address,
    read_address,
)
from campaigns.erasure import placeholder
from campaigns.role_accounts import ROLE_NAMES

LONG_DOMAIN = ".".join(["d" * 61] * 3)  # 185 characters


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ada@example.com", "ada@example.com"),
        ("Ada.L@EXAMPLE.com", "Ada.L@example.com"),
        ("Postmaster@Example.org", "Postmaster@example.org"),
        ("ada+spring@mail.example.net", "ada+spring@mail.example.net"),
        ("o'brien@a.example", "o'brien@a.example"),
        ("!#$%&'*+-/=?^_`{|}~@a.example", "!#$%&'*+-/=?^_`{|}~@a.example"),
        ("7@1.example", "7@1.example"),
        (" \t\r\n ada@example.com \n", "ada@example.com"),
        ("\u00a0\u200bada@example.com\u202c\ufeff", "ada@example.com"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("ada@bu\u0308cher.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("ada@\uff45xample.com", "ada@example.com"),
        ("Müller@example.com", "Müller@example.com"),
        ("Mu\u0308ller@example.com", "Müller@example.com"),
        ("用户@例え.example", "用户@xn--r8jz45g.example"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
        ("a" * 64 + f"@{LONG_DOMAIN}.de", "a" * 64 + f"@{LONG_DOMAIN}.de"),
        ("a@" + "d" * 63 + ".com", "a@" + "d" * 63 + ".com"),
    ],
)
def test_an_address_is_kept_as_mail_is_sent_to_it(typed, kept):
    assert read_address(typed) == kept


REFUSED = [
    ("", "Give an address"),
    (" \u200b ", "Give an address"),
    ("mailto:ada@example.com", "mailto:"),
    ("Ada <ada@example.com>", "without a name"),
    ("<ada@example.com>", "without < and >"),
    ("ada", 'no "@"'),
    ("ada.example.com", 'no "@"'),
    ("ada\uff20example.com", 'no "@"'),
    ("ada@example.com, bob@example.com", 'more than one "@"'),
    ("ada@@example.com", 'more than one "@"'),
    ('"ada"@example.com', "in quotes"),
    ('"a@b c"@example.com', "in quotes"),
    ("a b@example.com", "a space"),
    ("ada@exa mple.com", "a space"),
    ("ada@example.com (Ada)", "a space"),
    ("a\0b@example.com", "an unseen character"),
    ("a\u200bb@example.com", "an unseen character"),
    ("ada@exam\u00adple.com", "an unseen character"),
    ("a\ud800@example.com", "an unseen character"),
    ("@example.com", 'Before the "@" there is nothing'),
    ("ada@", 'After the "@" there is nothing'),
    ("a,b@example.com", "no address may have"),
    ("a(b)@example.com", "no address may have"),
    ("\u0301a@example.com", "no address may have"),
    (".ada@example.com", "a dot comes first"),
    ("ada.@example.com", "a dot comes first"),
    ("a..b@example.com", "a dot comes first"),
    ("a" * 65 + "@example.com", "more than 64"),
    ("a" * 61 + f"@{LONG_DOMAIN}.example", "too long"),
    ("a" * 60 + "@" + ".".join(["ü" * 40] * 4) + ".com", "too long"),
    ("ü" * 60 + f"@{LONG_DOMAIN}.com", "too long"),
    ("ü" * 2_000 + "@example.com", "too long"),
    ("ada@[127.0.0.1]", "its name"),
    ("ada@[IPv6:::1]", "its name"),
    ("ada@.example.com", "out of place"),
    ("ada@example.com.", "out of place"),
    ("ada@example..com", "out of place"),
    ("ada@-example.com", "out of place"),
    ("ada@example-.com", "out of place"),
    ("ada@localhost", "reserved"),
    ("ada@host.local", "reserved"),
    ("ada@host.TEST", "reserved"),
    ("ada@a.invalid", "reserved"),
    (placeholder(7), "reserved"),
    ("ada@example", "no whole domain"),
    ("ada@bücher", "no whole domain"),
    ("ada@127.0.0.1", "no domain"),
    ("ada@exa_mple.com", "no domain"),
    ("ada@exam!ple.com", "no domain"),
    ("ada@ab--cd.example.com", "no domain"),
    ("ada@xn--bücher.example", "no domain"),
    ("ada@xn--999999999.example", "no domain"),
    ("ada@example.com;", "no domain"),
    ("ada@💩\u2488.example", "no domain"),
    ("a@" + "d" * 64 + ".com", "no domain"),
]


@pytest.mark.parametrize(("text", "told"), REFUSED)
def test_what_no_server_would_take_is_refused_with_its_reason(text, told):
    with pytest.raises(ValidationError) as refused:
        read_address(text)
    assert refused.value.code == "invalid"
    (sentence,) = refused.value.messages
    assert told in sentence


def test_the_sentences_are_short_and_say_what_to_do():
    for _, sentence in FAULTS:
        assert len(sentence) <= 200
        assert any(verb in sentence for verb in ("Give ", "Correct ", "Take ", "Look ", "Leave "))


def test_every_sentence_has_its_case_above():
    """A reason that nothing reaches would be one that stands in the wrong order."""
    told = set()
    for text, _ in REFUSED:
        with pytest.raises(ValidationError) as refused:
            read_address(text)
        told.add(refused.value.message)
    assert told == {sentence for _, sentence in FAULTS}


def test_a_validator_leaves_the_addresses_of_erased_contacts_to_the_model():
    check_address(placeholder(7))
    with pytest.raises(ValidationError):
        check_address("a@b.invalid")


def test_nothing_is_asked_of_the_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a connection")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert any_address("ada@example.com") == "ada@example.com"


# -- Any text --------------------------------------------------------------------------------------

labels = st.text("abcXYZ019-", min_size=1, max_size=20) | st.text(
    st.characters(codec="utf-8"), max_size=8
)
locals_ = st.text("abcXYZ019._+-'!", max_size=70) | st.text(
    st.characters(codec="utf-8"), max_size=12
)
addresses = (
    st.tuples(locals_, st.lists(labels, max_size=5).map(".".join))
    .map("@".join)
    .flatmap(lambda address: st.sampled_from([address, f"{address}.com", f" {address}.Example"]))
)


def read_or_refuse(text) -> str | None:
    try:
        return read_address(text)
    except ValidationError as error:
        refused = error
    assert refused.code == "invalid"
    assert refused.message in {sentence for _, sentence in FAULTS}
    return None


@hypothesis_settings(max_examples=150)
@given(addresses | st.emails() | near_addresses())
def test_what_is_read_stays_as_it_is_when_it_is_read_again(text):
    read = read_or_refuse(text)
    if read is None:
        return
    assert read_address(read) == read
    assert len(read.encode()) <= ADDRESS_LENGTH
    assert len(address_key(read)) <= ADDRESS_LENGTH
    assert address_key(read) == address_key(text)
    assert read.rpartition("@")[2].isascii()


def dotted(alphabet, most):
    return st.lists(st.text(alphabet, min_size=1, max_size=30), min_size=1, max_size=most).map(
        ".".join
    )


tops = st.sampled_from(["com", "Example", "x", "TEST", "local", "c0m", "xn--p1ai"])
plain = st.tuples(dotted("abXY01_+-", 3), dotted("xnXY01-", 3), tops).map(
    lambda parts: "{}@{}.{}".format(*parts)
)


@hypothesis_settings(max_examples=100)
@given(plain)
def test_the_library_takes_what_is_taken_for_plain_and_makes_the_same_of_it(text):
    read = plain_address(text)
    if read is None:
        return
    assert any_address(text) == read  # which raises what the library refuses


def test_everyday_addresses_are_plain():
    for text in ("Ada.Lovelace+news@Mail.Example-Shop.co.uk", "a_b-c@x.io", "1@2.example"):
        assert plain_address(text) == any_address(text)


@pytest.mark.parametrize(
    "text",
    ["a" * 65 + "@a.com", "a@" + "d" * 64 + ".com", "a@b.local", "a@xn--bcher-kva.com", "a@b.c-"],
)
def test_what_the_library_might_refuse_is_left_to_it(text):
    assert plain_address(text) is None


# -- Roles -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["info@example.com", "SALES@example.com", "Support+spring@example.com", "no-reply@a.example",
     "postmaster@bücher.example", "kontakt@a.example", "büro@a.example", "ventes@a.example",
     "contacto@a.example", "secrétariat@a.example"],
)  # fmt: skip
def test_the_mailbox_of_a_role_is_known(address):
    assert is_role_account(address)


@pytest.mark.parametrize(
    "address",
    ["ada@example.com", "ada+info@example.com", "informer@example.com", "ada@info.example.com",
     "info", ""],
)  # fmt: skip
def test_a_person_is_no_role(address):
    assert not is_role_account(address)


def test_the_names_of_roles_are_keys_of_their_own():
    assert {address_key(name) for name in ROLE_NAMES} == ROLE_NAMES
    assert not any("+" in name or "@" in name for name in ROLE_NAMES)
