"""`manage.py loaddata sample`: what it brings, and that loading it again does no harm."""

import json
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from accounts.address import address_key
from accounts.models import Team, User
from campaigns.address import read_address
from campaigns.models import Campaign, Contact, Group, Pixel
from tracking.hit import Hit
from tracking.models import ContactOpenings, Opening, OpeningCount
from tracking.record import record

pytestmark = pytest.mark.django_db

LOADED = [Team, Campaign, Group, Contact, Pixel]
WRITTEN = [Opening, ContactOpenings, OpeningCount]


def load():
    call_command("loaddata", "sample", verbosity=0)


def rows_of(models) -> dict:
    return {model: sorted(model.objects.values_list()) for model in models}


def test_it_brings_a_team_a_campaign_two_groups_and_twenty_contacts():
    load()
    campaign = Campaign.objects.get()
    assert (campaign.time_zone, campaign.pixels_per_contact) == ("Europe/Berlin", 2)
    assert campaign.groups.filter(is_control=True).count() == 1
    assert [group.contacts.count() for group in campaign.groups.all()] == [10, 10]
    for contact in Contact.objects.all():
        assert [*contact.pixels.order_by("number").values_list("number", flat=True)] == [1, 2]


def test_its_rows_are_what_the_models_would_have_made():
    load()
    for model in LOADED:
        for row in model.objects.all():
            row.full_clean()
    for contact in Contact.objects.all():
        assert contact.email == read_address(contact.email)
        assert contact.email_key == address_key(contact.email)
        assert contact.email.endswith("@example.com")
        assert contact.created_at < contact.scheduled_at <= contact.sent_at < timezone.now()
    assert {pixel.uuid.version for pixel in Pixel.objects.all()} == {4}


def test_it_leaves_the_team_that_is_there_alone():
    admin = User.objects.create_superuser("admin", "admin@example.com")
    before = rows_of([User])
    load()
    assert rows_of([User]) == before
    admin.own_team.refresh_from_db()
    assert (admin.own_team.name, admin.own_team.owner) == ("admin's team", admin)
    assert admin.own_team.memberships.count() == 1
    assert Team.objects.count() == 2


def test_loading_it_again_changes_nothing_and_the_openings_stay():
    load()
    contact = Contact.objects.first()
    at = round(timezone.now().timestamp() * 1000)
    record([Hit(uuid4().bytes, pixel.uuid.bytes, at) for pixel in contact.pixels.all()])
    before = rows_of(LOADED + WRITTEN)
    assert len(before[Opening]) == 2
    load()
    assert rows_of(LOADED + WRITTEN) == before


def test_it_can_be_loaded_again_when_another_group_has_become_the_control():
    load()
    control = Group.objects.get(is_control=True)
    Group.objects.get(is_control=False).make_control()
    load()
    assert Group.objects.get(is_control=True) == control


def test_rows_made_before_and_after_it_keep_clear_of_it():
    team = User.objects.create_superuser("admin", "admin@example.com").own_team
    campaigns = [Campaign.objects.start(team=team, name="Before")]
    load()
    campaigns.append(Campaign.objects.start(team=team, name="After"))
    contacts = [
        Contact.objects.schedule(group=each.groups.get(), email="ada@example.com")
        for each in campaigns
    ]
    load()
    assert Campaign.objects.count() == 3
    assert {each.email for each in Contact.objects.filter(pk__in=[c.pk for c in contacts])} == {
        "ada@example.com"
    }


def test_its_primary_keys_are_far_from_those_that_people_use():
    rows = json.loads((settings.BASE_DIR / "fixtures" / "sample.json").read_text())
    assert min(row["pk"] for row in rows) > 1_000_000_000
    assert {row["model"] for row in rows} == {model._meta.label_lower for model in LOADED}
