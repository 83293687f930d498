"""One set of rules for addresses, whichever way a contact comes in."""

import pytest

from accounts.tests.people import assert_problem
from accounts.tests.staff import admin_client, inline, page
from campaigns.models import Contact
from campaigns.tests.house import House

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db
URL = "/api/contacts/"
BOOKS = "ada@xn--bcher-kva.example"
TAKEN = [("Ada@BÜCHER.example", "Ada@xn--bcher-kva.example"),
         ("用户@Example.com", "用户@example.com"),
         ("\u200bada@example.com\u00a0", "ada@example.com")]  # fmt: skip
REFUSED = ["Ada <ada@example.com>", "mailto:ada@example.com", "ada@host.local", "ada@example",
           '"ada"@example.com', "ada@[127.0.0.1]", "\u200b"]  # fmt: skip


@pytest.fixture
def house():
    return House()


def add_one(house, email):
    response = house.client.post(URL, {"group": house.group.pk, "email": email})
    return response.json()["email"] if response.status_code == 201 else response.json()["errors"]


def add_in_bulk(house, email):
    body = {"contacts": [{"group": house.group.pk, "email": email}]}
    (result,) = house.client.post(f"{URL}bulk/", body).json()["results"]
    return [result["error"]] if "error" in result else Contact.objects.get(pk=result["id"]).email


def change(house, email):
    response = house.client.patch(house.addresses()["contacts"], {"email": email})
    return response.json()["email"] if response.status_code == 200 else response.json()["errors"]


WAYS = [add_one, add_in_bulk, change]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("typed", "kept"), TAKEN)
def test_the_api_keeps_an_address_as_mail_is_sent_to_it(house, way, typed, kept):
    assert way(house, typed) == kept


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("typed", REFUSED)
def test_the_api_refuses_what_is_none_and_says_why_without_it(house, way, typed):
    (error,) = way(house, typed)
    assert (error["field"], error["code"]) == ("email", "invalid")
    assert "Enter a valid" not in error["detail"]
    assert typed not in error["detail"]


def contact_form(house, email):
    data = {"group": house.group.pk, "email": email, "scheduled_at_0": "2026-03-01"}
    return data | {"scheduled_at_1": "08:00:00"}


@pytest.mark.parametrize(("typed", "kept"), TAKEN)
def test_the_admin_keeps_it_in_the_same_way(house, admin_client, typed, kept):
    admin_client.post(page(Contact, "add"), contact_form(house, typed))
    assert Contact.objects.get(email=kept).pixels.exists()


@pytest.mark.parametrize("typed", ["", "x" * 255, *REFUSED])
def test_the_admin_refuses_it_once_at_its_field(house, admin_client, typed):
    reply = admin_client.post(page(Contact, "add"), contact_form(house, typed))
    errors = reply.context["adminform"].form.errors
    assert [*errors] == ["email"]
    assert len(errors["email"]) == 1


def test_the_box_in_the_admin_leaves_the_check_to_the_rules(admin_client):
    """Browsers refuse letters beyond ASCII in an input of type email."""
    assert 'type="email"' not in admin_client.get(page(Contact, "add")).text


@pytest.mark.parametrize("typed", ["Ada@bücher.example", "ADA@xn--BCHER-kva.example "])
def test_an_address_is_found_in_any_spelling(house, admin_client, typed):
    contact = house.add_contact(email=BOOKS)
    found = house.client.get(URL, {"email": typed}).json()["results"]
    assert [row["id"] for row in found] == [contact.pk]
    assert page(Contact, "change", contact.pk) in admin_client.get(page(Contact), {"q": typed}).text


@pytest.mark.parametrize("beginning", ["ZOË", "zoe\u0308.", "Zoë.A@", "zoë.a@exam", "zoë.a@xn--"])
def test_the_admin_finds_an_address_by_its_beginning(house, admin_client, beginning):
    books = add_one(house, "Zoë.A@bücher.example")
    plain = add_one(house, "Zoë.A@example.com")
    text = admin_client.get(page(Contact), {"q": beginning}).text
    assert (plain in text, books in text) == ("xn" not in beginning, "exam" not in beginning)


def test_both_spellings_are_one_contact_of_a_group(house):
    first = add_one(house, "ada@bücher.example")
    assert first == BOOKS
    (error,) = add_one(house, "ada@xn--bcher-kva.example")
    assert error["code"] == "unique"
    assert add_in_bulk(house, "Ada@BÜCHER.example") == "Ada@xn--bcher-kva.example"
    assert Contact.objects.filter(email_key=BOOKS).count() == 1


def test_a_contact_whose_address_is_refused_today_is_changed_elsewhere(house, admin_client):
    Contact.objects.filter(pk=house.contact.pk).update(email="a@b.local", email_key="a@b.local")
    address = house.addresses()["contacts"]
    assert house.client.patch(address, {"name": "Ada"}).json()["name"] == "Ada"
    assert_problem(house.client.patch(address, {"email": "c@b.local"}), 400, "invalid", "email")
    data = inline("pixels", **contact_form(house, "a@b.local"))
    reply = admin_client.post(page(Contact, "change", house.contact.pk), data)
    assert "reserved" in str(reply.context["adminform"].form.errors["email"])


def test_a_broken_address_does_not_hide_what_else_is_wrong(house):
    body = {"group": house.group.pk, "email": "ada", "name": "x" * 201}
    errors = house.client.post(URL, body).json()["errors"]
    assert [error["field"] for error in errors] == ["email", "name"]
