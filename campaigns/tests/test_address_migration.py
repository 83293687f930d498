"""Addresses from before domains were kept in ASCII."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from campaigns.models import Contact
from campaigns.tests.factories import make_campaign, make_contact

pytestmark = pytest.mark.django_db
migration = import_module("campaigns.migrations.0004_address_rules")


def from_before(email: str, group=None) -> Contact:
    contact = make_contact(group)
    Contact.objects.filter(pk=contact.pk).update(email=email, email_key=email.lower())
    return contact


def kept(contact) -> tuple[str, str]:
    contact.refresh_from_db()
    return contact.email, contact.email_key


def migrate():
    migration.keep_domains_in_ascii(apps, SimpleNamespace(connection=connection))


def test_they_get_the_form_and_the_key_of_today_however_many_there_are(monkeypatch):
    monkeypatch.setattr(migration, "AT_ONCE", 2)
    group = make_campaign().groups.get()
    plain = [make_contact(group) for _ in range(3)]
    before = [kept(contact) for contact in plain]
    far, near = from_before("Ada@Bücher.example", group), from_before("Zoë@example.com", group)
    migrate()
    assert kept(far) == ("Ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example")
    assert kept(near) == ("Zoë@example.com", "zoë@example.com")
    assert [kept(contact) for contact in plain] == before


def test_one_whose_key_another_contact_of_its_group_has_stays_as_it_is():
    twin = make_contact(email="ada@xn--bcher-kva.example")
    stays = from_before("ada@bücher.example", twin.group)
    elsewhere = from_before("ada@bücher.example")
    migrate()
    assert kept(stays) == ("ada@bücher.example", "ada@bücher.example")
    assert kept(elsewhere)[1] == kept(twin)[1] == "ada@xn--bcher-kva.example"


def test_one_that_today_would_be_refused_keeps_its_form():
    refused = from_before('"ü"@bücher.example')
    migrate()
    assert kept(refused) == ('"ü"@bücher.example', '"ü"@xn--bcher-kva.example')
