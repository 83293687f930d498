"""Many contacts in one request: each row is answered, the good ones are stored."""

import json
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from accounts.tests.people import assert_problem, client_of, make_member, make_user
from campaigns.models import Campaign, Contact, ErasedAddress, Group, Pixel, schedule
from campaigns.models.insert import insert_rows
from campaigns.serializers import bulk, contact_row
from campaigns.tests.bulk_requests import URL, addresses, error_at, send
from campaigns.tests.house import House

pytestmark = pytest.mark.django_db


def test_each_row_gets_its_id_in_the_order_sent(house):
    results = send(house, *reversed(addresses(5)))
    assert [result["created"] for result in results] == [True] * 5
    for number, result in enumerate(reversed(results)):
        assert Contact.objects.get(pk=result["id"]).email == f"reader{number}@example.com"


def test_a_contact_gets_what_its_row_says_and_its_pixels(house):
    row = {"email": " Ada.L@EXAMPLE.com", "name": "Ada", "external_id": "crm-7",
           "scheduled_at": "2026-03-01T08:00:00Z", "sent_at": "2026-03-01T09:00:00Z"}  # fmt: skip
    many, usual = send(house, row | {"pixels": 3}, {"email": "bob@example.com"})
    ada = Contact.objects.get(pk=many["id"])
    assert (ada.group, ada.email, ada.email_key) == (
        house.group, "Ada.L@example.com", "ada.l@example.com")  # fmt: skip
    assert (ada.name, ada.external_id) == ("Ada", "crm-7")
    assert ada.scheduled_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert ada.sent_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert list(ada.pixels.order_by("number").values_list("number", flat=True)) == [1, 2, 3]
    assert Contact.objects.get(pk=usual["id"]).pixels.count() == house.campaign.pixels_per_contact
    assert len(set(Pixel.objects.values_list("uuid", flat=True))) == Pixel.objects.count()


def test_good_rows_are_stored_although_others_are_bad(house):
    first, bad, last = send(house, {"email": "a@example.com"}, {"email": "x"},
                            {"email": "b@example.com"})  # fmt: skip
    assert first["created"]
    assert last["created"]
    error_at(bad, "invalid", "email")
    assert Contact.objects.filter(pk__in=[first["id"], last["id"]]).count() == 2


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        (None, "null", None),
        ("ada@example.com", "invalid", None),
        ([], "invalid", None),
        ({}, "required", "email"),
        ({"email": None}, "null", "email"),
        ({"email": "a" * 250 + "@example.com"}, "max_length", "email"),
        ({"email": "a\0@example.com"}, "null_characters_not_allowed", "email"),
        ({"email": ["ada@example.com"]}, "invalid", "email"),
        ({"email": "ada@example.com", "name": "x" * 201}, "max_length", "name"),
        ({"email": "ada@example.com", "group": None}, "null", "group"),
        ({"email": "ada@example.com", "group": "x"}, "invalid", "group"),
        ({"email": "ada@example.com", "group": True}, "invalid", "group"),
        ({"email": "ada@example.com", "group": {}}, "invalid", "group"),
        ({"email": "ada@example.com", "group": [1]}, "invalid", "group"),
        ({"email": "ada@example.com", "group": -1}, "does_not_exist", "group"),
        ({"email": "ada@example.com", "group": 2**63}, "does_not_exist", "group"),
        ({"email": "ada@example.com", "group": 10**400}, "does_not_exist", "group"),
        ({"email": "ada@example.com", "pixels": 0}, "min_value", "pixels"),
        ({"email": "ada@example.com", "pixels": 11}, "max_value", "pixels"),
        ({"email": "ada@example.com", "scheduled_at": "soon"}, "invalid", "scheduled_at"),
        ({"email": "ada@example.com", "sent_at": "0001-01-01T00:00:00Z"}, "year", "sent_at"),
    ],
)
def test_an_odd_row_is_refused_at_its_field_and_its_neighbour_is_not(house, row, code, field):
    odd, good = send(house, row, {"email": "bob@example.com"})
    error_at(odd, code, field)
    assert good["created"]


@pytest.mark.parametrize("field", ["email", "name", "external_id", "group", "scheduled_at"])
def test_half_a_character_is_refused_at_its_field(house, field):
    row = {"group": house.group.pk, "email": "ada@example.com", field: "\ud800@example.com"}
    body = json.dumps({"contacts": [row]})
    (result,) = house.client.post(URL, body, content_type="application/json").json()["results"]
    assert result["error"]["field"] == field


def test_a_group_may_be_named_as_text_as_everywhere(house):
    (result,) = send(house, {"email": "a@example.com", "group": str(house.other_group.pk)})
    assert Contact.objects.get(pk=result["id"]).group == house.other_group


def test_the_same_rows_again_create_nothing(house):
    first = send(house, *addresses(5))
    before = Contact.objects.count(), Pixel.objects.count()
    again = send(house, *addresses(5))
    assert again == [{"id": result["id"], "created": False} for result in first]
    assert (Contact.objects.count(), Pixel.objects.count()) == before


def test_an_address_that_is_there_is_brought_up_to_date_and_keeps_its_pixels(house):
    contact = house.add_contact(email="ada@example.com", name="Ada", external_id="crm-7")
    pixels = list(contact.pixels.values_list("pk", flat=True))
    moment = contact.scheduled_at
    row = {"email": "Ada@Example.com", "name": "Ada L.", "pixels": 5}
    assert send(house, row) == [{"id": contact.pk, "created": False}]
    contact.refresh_from_db()
    assert (contact.name, contact.email) == ("Ada L.", "Ada@example.com")
    assert (contact.external_id, contact.scheduled_at) == ("crm-7", moment)  # not given
    assert list(contact.pixels.values_list("pk", flat=True)) == pixels


def test_an_address_twice_in_a_request_is_one_contact_and_the_later_row_counts(house):
    first, other, second = send(
        house,
        {"email": "ada@example.com", "name": "first"},
        {"email": "ada@example.com", "group": house.other_group.pk},
        {"email": "ADA@example.com", "name": "second"},
    )
    assert second == {"id": first["id"], "created": False}
    assert other["created"]
    assert other["id"] != first["id"]
    contact = Contact.objects.get(pk=first["id"])
    assert contact.name == "second"
    assert contact.pixels.count() == 2


def test_an_address_on_both_sides_of_a_chunk_is_one_contact(house, monkeypatch):
    monkeypatch.setattr(schedule, "CHUNK", 1)
    first, second = send(house, {"email": "a@example.com"}, {"email": "A@example.com"})
    assert second == {"id": first["id"], "created": False}


def test_another_teams_group_is_refused_as_one_that_does_not_exist(house):
    theirs = House()
    nobodys = theirs.other_group.pk + 999
    results = send(house, {"email": "a@example.com", "group": theirs.group.pk},
                   {"email": "a@example.com", "group": nobodys},
                   {"email": "a@example.com"})  # fmt: skip
    for result in results[:2]:
        error_at(result, "does_not_exist", "group")
    told = [result["error"]["detail"] for result in results[:2]]
    assert told[0] == told[1].replace(str(nobodys), str(theirs.group.pk))
    assert results[2]["created"]
    assert Contact.objects.filter(group__campaign__team=theirs.team).count() == 1


def test_each_row_needs_the_right_to_write_to_its_team(house):
    other = House()
    member = make_member(house.team, Membership.Role.VIEWER)
    Membership.objects.create(team=other.team, user=member, role=Membership.Role.EDITOR)
    viewed, edited = send(house, {"email": "a@example.com"},
                          {"email": "a@example.com", "group": other.group.pk},
                          client=client_of(member))  # fmt: skip
    error_at(viewed, "permission_denied", "group")
    assert edited["created"]
    assert not Contact.objects.filter(group=house.group, email_key="a@example.com").exists()


def test_a_superuser_writes_everywhere(house):
    (result,) = send(
        house, {"email": "a@example.com"}, client=client_of(make_user(is_superuser=True))
    )
    assert result["created"]


def test_an_erased_address_is_refused_and_the_rest_of_its_request_is_not(house):
    ErasedAddress.objects.remember(house.team.pk, "a@example.com")
    refused, good = send(house, {"email": "A@example.com"}, {"email": "b@example.com"})
    error_at(refused, "erased", "email")
    assert good["created"]
    assert not Contact.objects.filter(email_key="a@example.com").exists()


def test_an_address_that_is_erased_while_it_is_added_is_refused(house, monkeypatch):
    ErasedAddress.objects.remember(house.team.pk, "a@example.com")
    look, looks = schedule.erased_among, []

    def look_too_early(rows):
        looks.append(look(rows))
        return set() if len(looks) == 1 else looks[-1]

    monkeypatch.setattr(schedule, "erased_among", look_too_early)
    [refused] = send(house, {"email": "a@example.com"})
    error_at(refused, "erased", "email")
    assert len(looks) > 2  # the second one saw it, and all was undone
    assert not Contact.objects.filter(email_key="a@example.com").exists()


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ([], "invalid", None),
        ([{"email": "a@example.com"}], "invalid", None),
        ("x", "invalid", None),
        ({}, "required", "contacts"),
        ({"contacts": None}, "null", "contacts"),
        ({"contacts": {}}, "not_a_list", "contacts"),
        ({"contacts": "abc"}, "not_a_list", "contacts"),
    ],
)
def test_a_body_without_a_list_of_contacts_is_refused(house, body, code, field):
    assert_problem(house.client.post(URL, body), 400, code, field)


def test_more_rows_than_allowed_are_refused_and_none_is_stored(house, monkeypatch):
    before = Contact.objects.count()
    response = house.client.post(URL, {"contacts": addresses(bulk.MOST_ROWS + 1)})
    assert_problem(response, 400, "max_length", "contacts")
    assert "10000" in response.json()["detail"]
    assert Contact.objects.count() == before


def test_an_empty_list_is_answered_with_one(house):
    assert send(house) == []


def test_a_form_makes_no_contact_and_no_error_of_the_server(house):
    for body in ("contacts=x&contacts=y", "contacts[0]email=x", ""):
        response = house.client.post(URL, body, content_type="application/x-www-form-urlencoded")
        assert response.status_code in (200, 400), response.content
    assert Contact.objects.count() == 1


def test_the_page_of_the_browsable_api_shows_the_answer(house):
    body = {"contacts": [{"group": house.group.pk, "email": "a@example.com"}]}
    page = house.client.post(URL, body, HTTP_ACCEPT="text/html")
    assert page.status_code == 200
    assert "created" in page.text


def cost_of(house, rows) -> int:
    with CaptureQueriesContext(connection) as captured:
        send(house, *rows)
    return len(captured)


def test_more_rows_take_the_same_queries(house):
    few, many = cost_of(house, addresses(2)), cost_of(house, addresses(60, start=10))
    assert few == many
    again = cost_of(house, addresses(60, start=10))
    assert again < many
    named = [row | {"name": "Ada"} for row in addresses(60, start=10)]
    assert cost_of(house, named[:2]) == cost_of(house, named[2:]) <= again + 2


def test_each_further_chunk_costs_what_the_one_before_it_cost(house, monkeypatch):
    monkeypatch.setattr(schedule, "CHUNK", 10)
    one, two, three = (cost_of(house, addresses(10 * n, start=100 * n)) for n in (1, 2, 3))
    assert three - two == two - one


def test_a_chunk_may_name_as_many_groups_as_it_has_rows(house):
    Group.objects.bulk_create(
        Group(campaign=house.campaign, name=f"Arm {number}") for number in range(schedule.CHUNK)
    )
    groups = house.campaign.groups.values_list("pk", flat=True)[: schedule.CHUNK]
    rows = [{"email": "ada@example.com", "group": pk} for pk in groups]
    first = send(house, *rows)
    assert len({result["id"] for result in first}) == schedule.CHUNK
    assert send(house, *rows) == [{"id": row["id"], "created": False} for row in first]


def test_a_group_that_goes_while_the_request_runs_is_named(house, monkeypatch):
    """It was there when the rows were checked."""
    read = contact_row.KnownGroups.of

    def read_then_lose(user, items):
        groups = read(user, items)
        house.other_group.remove()
        return groups

    monkeypatch.setattr(contact_row.KnownGroups, "of", read_then_lose)
    lost, good = send(
        house, {"email": "a@example.com", "group": house.other_group.pk}, {"email": "b@example.com"}
    )
    error_at(lost, "does_not_exist", "group")
    assert good["created"]


def test_a_moment_is_stored_in_utc_whatever_zone_it_was_given_in(house):
    send(
        house,
        {"email": "a@example.com", "scheduled_at": "2026-03-01T08:00:00+01:00"},
        {"email": "b@example.com", "scheduled_at": "2026-03-01T07:00:00Z"},
    )
    at_that = Contact.objects.filter(scheduled_at=datetime(2026, 3, 1, 7, tzinfo=UTC))
    assert at_that.count() == 2  # by what the database has, not by what Python makes of it


def test_the_ids_of_pixels_are_random_but_for_the_time(house):
    send(house, *({"email": f"reader{number}@example.com", "pixels": 3} for number in range(40)))
    uuids = Pixel.objects.values_list("uuid", flat=True)
    assert len(set(uuids)) == len(uuids) >= 120
    assert {uuid.version for uuid in uuids} == {7}
    # Of 74 random bits, behind 48 of the time, each is set in some and not in others.
    ever, always = 0, -1
    for uuid in uuids:
        ever, always = ever | uuid.int, always & uuid.int
    assert (ever & ~always & (1 << 80) - 1).bit_count() == 74


def test_a_chunk_is_stored_whole_or_not_at_all(house, monkeypatch):
    def fail_at_pixels(model, names, rows):
        if model is Pixel:
            raise RuntimeError
        insert_rows(model, names, rows)

    monkeypatch.setattr(schedule, "insert_rows", fail_at_pixels)
    before = Contact.objects.count()
    response = house.client.post(
        URL, {"contacts": [{"group": house.group.pk, "email": "a@example.com"}]}
    )
    assert_problem(response, 500, "error")
    assert Contact.objects.count() == before


def test_without_an_account_there_is_nothing(house, client):
    assert_problem(client.post(URL, {}), 401, "not_authenticated")
    assert Campaign.objects.count() == 1
