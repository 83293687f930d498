"""An erased address is kept as a keyed hash only, and refused wherever it is added again."""

import secrets

import pytest
from django.contrib.messages import get_messages

from accounts.models import Membership
from accounts.tests.people import assert_problem, client_of, make_member, make_user
from accounts.tests.staff import admin_client, inline, make_staff, page, signed_in
from campaigns.erasure import Overtaken
from campaigns.models import Contact, ErasedAddress, erased_address
from campaigns.models.erased_address import address_hash, hash_of
from campaigns.tests.factories import make_campaign, make_contact
from campaigns.tests.house import House

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db
URL = "/api/erased-addresses/"
ADA = "ada@example.com"


@pytest.fixture
def house():
    """Its team erased ada@example.com."""
    house = House()
    house.add_contact(email=ADA).erase()
    return house


def add(house, email=ADA, **fields):
    body = {"group": house.group.pk, "email": email} | fields
    return house.client.post("/api/contacts/", body)


@pytest.mark.parametrize("email", [ADA, "ADA@Example.com", " ada@EXAMPLE.com "])
def test_an_erased_address_is_refused_in_the_whole_team(house, email):
    for group in (house.group, house.other_group):
        response = add(house, email, group=group.pk)
        assert_problem(response, 400, "erased", "email")
        assert "was erased" in response.json()["detail"]
    assert add(house, "eve@example.com").status_code == 201


def test_another_team_may_add_it(house):
    assert add(House()).status_code == 201


def test_no_contact_takes_it_over_by_a_change(house):
    address = house.addresses()["contacts"]
    assert_problem(house.client.patch(address, {"email": ADA}), 400, "erased", "email")


def test_the_admin_refuses_it_at_its_field(house, admin_client):
    data = {"group": house.group.pk, "email": ADA, "scheduled_at_0": "2026-03-01"}
    reply = admin_client.post(page(Contact, "add"), data | {"scheduled_at_1": "08:00:00"})
    assert "was erased" in str(reply.context["adminform"].form.errors["email"])
    assert not Contact.objects.filter(email_key=ADA).exists()


def test_only_a_keyed_hash_is_kept(house, settings):
    erased = ErasedAddress.objects.get()
    assert erased.hash == address_hash(ADA)
    assert "ada@" not in f"{erased}{vars(erased)}"
    settings.SECRET_KEY = secrets.token_urlsafe(50)
    assert erased.hash != address_hash(ADA)


def test_an_erasure_outlives_a_change_of_the_key_where_the_old_one_is_named(house, settings):
    old, settings.SECRET_KEY = settings.SECRET_KEY, secrets.token_urlsafe(50)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert_problem(add(house), 400, "erased", "email")
    settings.SECRET_KEY_FALLBACKS = []
    assert add(house).status_code == 201


def test_many_addresses_are_looked_up_in_one_query(house, django_assert_num_queries):
    other = House()
    asked = {(house.team.pk, f"reader{number}@example.com") for number in range(1_000)}
    asked |= {(house.team.pk, "ADA@example.com"), (other.team.pk, ADA), (house.team.pk, ADA)}
    with django_assert_num_queries(1):
        found = ErasedAddress.objects.among(asked)
    assert found == {(house.team.pk, ADA), (house.team.pk, "ADA@example.com")}


def test_of_a_team_that_has_erased_nobody_no_address_is_hashed(house, monkeypatch):
    other = House()
    monkeypatch.setattr(erased_address, "address_hashes", None)
    row = {"group": other.group.pk, "email": ADA}
    reply = other.client.post("/api/contacts/bulk/", {"contacts": [row]})
    assert reply.json()["results"][0]["created"]


def test_more_addresses_than_a_statement_takes_are_looked_up_in_several(house, monkeypatch):
    monkeypatch.setattr("campaigns.models.erased_address.LOOKED_UP_AT_ONCE", 3)
    asked = [(house.team.pk, f"reader{number}@example.com") for number in range(20)]
    assert ErasedAddress.objects.among([*asked, (house.team.pk, ADA)]) == {(house.team.pk, ADA)}
    assert ErasedAddress.objects.among([]) == set()


def test_members_see_that_an_address_is_erased_and_no_address(house):
    House().add_contact(email=ADA).erase()
    viewer = client_of(make_member(house.team, Membership.Role.VIEWER))
    [found] = viewer.get(URL).json()["results"]
    assert found.keys() == {"id", "team", "erased_at"}
    assert found["team"] == house.team.pk
    assert viewer.get(URL, {"email": "Ada@example.com"}).json()["results"] == [found]
    assert viewer.get(URL, {"email": "eve@example.com"}).json()["results"] == []
    assert viewer.get(f"{URL}{found['id']}/").json() == found


@pytest.mark.parametrize(
    ("role", "status"),
    [(Membership.Role.VIEWER, 403), (Membership.Role.EDITOR, 403), (Membership.Role.MANAGER, 204)],
)
def test_a_manager_lets_an_address_in_again(house, role, status):
    entry = ErasedAddress.objects.get()
    client = client_of(make_member(house.team, role))
    assert client.delete(f"{URL}{entry.pk}/").status_code == status
    assert add(house).status_code == (201 if status == 204 else 400)


def test_the_entry_of_another_team_does_not_exist(house):
    entry, stranger = ErasedAddress.objects.get(), client_of(make_user())
    for method in (stranger.get, stranger.delete):
        assert_problem(method(f"{URL}{entry.pk}/"), 404, "not_found")
    assert ErasedAddress.objects.exists()


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_entries_are_neither_made_nor_changed(house, method):
    where = URL if method == "post" else f"{URL}{ErasedAddress.objects.get().pk}/"
    assert getattr(house.client, method)(where, {}).status_code == 405


def test_the_admin_finds_an_entry_by_the_address_and_deletes_it(house, admin_client):
    entry = ErasedAddress.objects.get()
    row = page(ErasedAddress, "change", entry.pk)
    assert row in admin_client.get(page(ErasedAddress), {"q": "ADA@example.com"}).text
    assert row not in admin_client.get(page(ErasedAddress), {"q": "eve@example.com"}).text
    admin_client.post(page(ErasedAddress, "delete", entry.pk), {"post": "yes"})
    assert not ErasedAddress.objects.exists()


def test_staff_see_the_entries_of_their_teams_only(house):
    entry = ErasedAddress.objects.get()
    anna = signed_in(make_staff(models=[ErasedAddress]))
    assert page(ErasedAddress, "change", entry.pk) not in anna.get(page(ErasedAddress)).text
    assert anna.post(page(ErasedAddress, "delete", entry.pk), {"post": "yes"}).status_code == 302
    assert ErasedAddress.objects.exists()


def test_addresses_that_stand_for_erased_contacts_are_refused(house):
    response = add(house, "erased-1@Erased.invalid")
    assert_problem(response, 400, "reserved", "email")


@pytest.mark.parametrize("typed", ["Ada@BÜCHER.example", "ada@xn--bcher-kva.example"])
def test_an_erased_address_is_refused_in_the_other_spelling_of_its_domain(house, typed):
    made = add(house, "ada@bücher.example").json()
    assert house.client.post(f"/api/contacts/{made['id']}/erase/").status_code == 200
    assert_problem(add(house, typed), 400, "erased", "email")
    assert len(house.client.get(URL, {"email": typed}).json()["results"]) == 1


def test_an_address_that_was_erased_before_domains_were_kept_in_ascii_stays_refused(house):
    old = hash_of("ada@bücher.example", None)
    ErasedAddress.objects.create(team=house.team, hash=old)
    for typed in ("Ada@BÜCHER.example", "ada@xn--bcher-kva.example"):
        assert_problem(add(house, typed), 400, "erased", "email")


# -- At the same moment ----------------------------------------------------------------------------


def erase_after_the_check(monkeypatch, erase):
    """What another request does between somebody's validation and their saving."""
    validate = Contact.validate_constraints

    def then_erase(self, exclude=None):
        validate(self, exclude)
        monkeypatch.setattr(Contact, "validate_constraints", validate)
        erase()

    monkeypatch.setattr(Contact, "validate_constraints", then_erase)


def test_an_address_that_is_erased_while_it_is_added_is_refused(house, monkeypatch):
    erase_after_the_check(
        monkeypatch, lambda: ErasedAddress.objects.remember(house.team.pk, "eve@example.com")
    )
    assert_problem(add(house, "eve@example.com"), 400, "erased", "email")
    assert not Contact.objects.filter(email_key="eve@example.com").exists()


def test_a_change_does_not_bring_back_what_was_erased_meanwhile(house, monkeypatch):
    contact = Contact.objects.get(pk=house.contact.pk)
    erase_after_the_check(monkeypatch, contact.erase)
    response = house.client.patch(house.addresses()["contacts"], {"name": "Ada"})
    assert_problem(response, 400, "erased", "email")
    house.contact.refresh_from_db()
    assert (house.contact.name, house.contact.email) == ("", contact.email)


def test_a_change_does_not_bring_back_what_was_removed_meanwhile(house, monkeypatch):
    contact = Contact.objects.get(pk=house.contact.pk)
    erase_after_the_check(monkeypatch, contact.remove)
    response = house.client.patch(house.addresses()["contacts"], {"name": "Ada"})
    assert_problem(response, 409, "conflict")
    assert not Contact.objects.filter(pk=house.contact.pk).exists()


def test_the_admin_does_not_bring_it_back_either(house, admin_client, monkeypatch):
    contact = Contact.objects.get(pk=house.contact.pk)
    erase_after_the_check(monkeypatch, contact.erase)
    data = {"group": house.group.pk, "email": house.contact.email, "name": "Ada"}
    data |= {"scheduled_at_0": "2026-03-01", "scheduled_at_1": "08:00:00"}
    data = inline("pixels", **data)
    reply = admin_client.post(page(Contact, "change", contact.pk), data)
    assert "Nothing was saved" in " ".join(map(str, get_messages(reply.wsgi_request)))
    assert Contact.objects.get(pk=contact.pk).name == ""


def test_whoever_adds_it_by_the_verb_is_stopped_too(house):
    with pytest.raises(Overtaken):
        make_contact(house.group, email=ADA)


def test_erasing_looks_again_where_the_address_was_changed_meanwhile(house):
    stale = Contact.objects.get(pk=house.contact.pk)
    Contact.objects.filter(pk=stale.pk).update(email="new@example.org", email_key="new@example.org")
    stale.erase()
    assert stale.erased_at
    assert ErasedAddress.objects.among([(house.team.pk, "new@example.org")])


def test_the_same_person_in_another_team_is_left_as_they_are():
    team = make_user().own_team
    mine, theirs = (
        make_contact(make_campaign(team).groups.get(), email=ADA),
        make_contact(email=ADA),
    )
    mine.erase()
    theirs.refresh_from_db()
    assert (theirs.email, theirs.erased_at) == (ADA, None)
