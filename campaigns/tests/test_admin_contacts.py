"""Contacts and pixels on their admin pages."""

import pytest
from django.conf import settings

from accounts.tests.staff import admin_client, inline, page, said
from campaigns.admin.removal import RemovalAdmin
from campaigns.models import Contact, Pixel
from campaigns.tests.admin_forms import contact_form
from campaigns.tests.factories import make_campaign, make_contact

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db


def test_an_added_contact_gets_its_pixels_and_a_tidy_address(admin_client):
    group = make_campaign(pixels_per_contact=3).groups.get()
    admin_client.post(page(Contact, "add"), contact_form(group, " Ada@EXAMPLE.com "))
    contact = Contact.objects.get()
    assert (contact.email, contact.email_key) == ("Ada@example.com", "ada@example.com")
    assert [*contact.pixels.values_list("number", flat=True)] == [1, 2, 3]


def test_an_address_is_taken_once_per_group(admin_client):
    contact = make_contact(email="ada@example.com")
    other = make_contact(contact.group, email="other@example.com")
    taken = "The group has a contact with that address already."
    added = admin_client.post(page(Contact, "add"), contact_form(contact.group, "ADA@example.com"))
    assert added.context["adminform"].form.errors["email"] == [taken]
    data = contact_form(contact.group, "Ada@Example.com")
    changed = admin_client.post(page(Contact, "change", other.pk), data)
    assert changed.context["adminform"].form.errors["email"] == [taken]


def test_a_contact_keeps_its_group_and_pixels_when_it_is_changed(admin_client):
    contact = make_contact(pixels=2)
    pixels = [*contact.pixels.values_list("pk", flat=True)]
    data = contact_form(make_campaign().groups.get(), "new@example.com", name="New")
    rows = [{"id": pk, "contact": contact.pk, "number": 7} for pk in pixels]
    data = inline("pixels", *rows, initial=2, **data)
    admin_client.post(page(Contact, "change", contact.pk), data)
    changed = Contact.objects.get()
    assert (changed.group, changed.email, changed.name) == (contact.group, "new@example.com", "New")
    assert [*changed.pixels.values_list("pk", "number")] == [(pixels[0], 1), (pixels[1], 2)]


def test_the_page_of_a_contact_has_its_pixels_to_copy_and_a_sample_mail(admin_client):
    contact = make_contact(pixels=2)
    text = admin_client.get(page(Contact, "change", contact.pk)).text
    assert text.count(f"&lt;img src=&quot;{settings.PUBLIC_URL}/p/") == 2
    assert f'<img src="{settings.PUBLIC_URL}/p/' not in text  # nobody's visit here may count
    assert f"/sample/{contact.pk}/" in text


def test_a_pixel_is_added_and_never_changed(admin_client):
    contact = make_contact()
    admin_client.post(page(Pixel, "add"), {"contact": contact.pk, "number": 2})
    pixel = contact.pixels.get(number=2)
    assert "&lt;img src" in admin_client.get(page(Pixel, "change", pixel.pk)).text
    again = admin_client.post(page(Pixel, "add"), {"contact": contact.pk, "number": 2})
    assert "a pixel with that number already" in again.text
    assert admin_client.post(page(Pixel, "change", pixel.pk), {"number": 9}).status_code == 403


def test_too_many_at_once_are_refused(admin_client, monkeypatch):
    monkeypatch.setattr("campaigns.admin.removal.RemovalAdmin.MOST_AT_ONCE", 2)
    group = make_campaign().groups.get()
    contacts = [make_contact(group).pk for _ in range(3)]
    data = {"action": "delete_selected", "_selected_action": contacts, "post": "yes"}
    reply = admin_client.post(page(Contact), data)
    assert said(reply) == "Select 2 contacts at most."
    assert Contact.objects.count() == 3


def test_as_many_as_are_asked_about_at_once_are_deleted(admin_client):
    """The page that asks sends a field for each, and a few more."""
    contact = make_contact()
    chosen = range(contact.pk, contact.pk + RemovalAdmin.MOST_AT_ONCE)
    data = {"action": "delete_selected", "_selected_action": [*chosen], "post": "yes"}
    assert admin_client.post(page(Contact), data).status_code == 302
    assert not Contact.objects.exists()


def test_contacts_are_found_by_how_their_address_begins(admin_client):
    group = make_campaign().groups.get()
    ada = make_contact(group, email="Ada.Lovelace@example.com")
    make_contact(group, email="bob.ada@example.com")
    for query, found in {"ada": [ada], "ADA.L": [ada], "lovelace": [], "%": [], "ada_": []}.items():
        for model in (Contact, Pixel):
            results = admin_client.get(page(model), {"q": query}).context["cl"].result_list
            assert [getattr(row, "contact", row) for row in results] == found
    uuid = ada.pixels.get().uuid
    assert admin_client.get(page(Pixel), {"q": uuid}).context["cl"].result_list[0].contact == ada


def test_contacts_are_filtered_by_campaign(admin_client):
    one, other = make_contact(), make_contact()
    own = {"campaign": one.group.campaign_id}
    assert [*admin_client.get(page(Contact), own).context["cl"].result_list] == [one]
    assert other not in admin_client.get(page(Contact), own).context["cl"].result_list
    for nonsense in ("x", "-1", "9" * 40, "²"):
        reply = admin_client.get(page(Contact), {"campaign": nonsense})
        assert reply.url == page(Contact) + "?e=1"


def test_the_second_of_two_that_save_at_once_is_told_so(admin_client, monkeypatch):
    group = make_campaign().groups.get()
    make_contact(group, email="ada@example.com")
    # What the form found free a moment ago is taken by now.
    monkeypatch.setattr(Contact, "validate_constraints", lambda *args, **kwargs: None)
    form = {"group": group.pk, "email": "ada@example.com"}
    form |= {"scheduled_at_0": "2026-03-01", "scheduled_at_1": "08:00:00"}
    form |= {"pixels-TOTAL_FORMS": 0, "pixels-INITIAL_FORMS": 0}
    response = admin_client.post(page(Contact, "add"), form, follow=True)
    assert response.status_code == 200
    assert "somebody was faster" in response.text
    assert Contact.objects.count() == 1
