from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from campaigns.models import Campaign, Contact, Group, LastGroup, Pixel
from campaigns.models import contact as contact_module
from campaigns.tests.factories import make_campaign, make_contact, make_user
from campaigns.token import read_token

pytestmark = pytest.mark.django_db


def refused(make, *args, **fields) -> bool:
    try:
        with transaction.atomic():
            make(*args, **fields)
    except IntegrityError:
        return True
    return False


def test_a_campaign_starts_with_one_group():
    group = make_campaign().groups.get()
    assert (group.name, group.is_control) == ("A", False)


def test_the_first_of_several_groups_is_the_control():
    campaign = make_campaign(group_names=["plain", "bold", "long"])
    assert [group.is_control for group in campaign.groups.order_by("pk")] == [True, False, False]


def test_a_name_is_unique_in_its_team_whatever_its_case():
    campaign = make_campaign(name="Spring")
    assert refused(make_campaign, campaign.team, name="SPRING")
    assert not refused(make_campaign, name="Spring")  # another team's


def test_a_group_name_is_unique_in_its_campaign_whatever_its_case():
    campaign = make_campaign(group_names=["bold"])
    assert refused(Group.objects.create, campaign=campaign, name="Bold")
    assert not refused(Group.objects.create, campaign=make_campaign(), name="Bold")


def test_a_campaign_has_one_control_at_most():
    campaign = make_campaign(group_names=["one", "two"])
    assert refused(Group.objects.create, campaign=campaign, name="three", is_control=True)
    two = campaign.groups.get(name="two")
    two.make_control()
    assert campaign.groups.get(is_control=True) == two
    assert not refused(Group.objects.create, campaign=campaign, name="four")


def test_the_last_group_can_not_be_removed():
    campaign = make_campaign(group_names=["one", "two"])
    one, two = campaign.groups.order_by("pk")
    one.remove()
    with pytest.raises(LastGroup, match="keeps at least one group"):
        two.remove()
    assert campaign.groups.get() == two


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "Asia/Kolkata"])
def test_a_time_zone_is_one_that_exists(name):
    Campaign(team=make_user().own_team, name="x", time_zone=name).full_clean()
    with pytest.raises(ValidationError, match="no time zone"):
        Campaign(team=make_user().own_team, name="x", time_zone=name + "x").full_clean()


def test_a_team_with_campaigns_stays():
    campaign = make_campaign()
    with pytest.raises(ProtectedError):
        campaign.team.delete()


def test_a_contact_gets_the_pixels_of_its_campaign_numbered_from_one():
    group = make_campaign(pixels_per_contact=3).groups.get()
    contact = make_contact(group)
    assert sorted(contact.pixels.values_list("number", flat=True)) == [1, 2, 3]
    contact.add_pixels(1)
    assert contact.pixels.count() == 4
    assert make_contact(group, pixels=1).pixels.count() == 1


def test_an_address_is_tidied_and_unique_in_its_group_whatever_its_case():
    group = make_campaign().groups.get()
    contact = Contact(group=group, email="  Ada.Lovelace@EXAMPLE.com ".strip())
    contact.full_clean()
    contact.save()
    assert contact.email == "Ada.Lovelace@example.com"
    assert contact.email_key == "ada.lovelace@example.com"
    assert refused(make_contact, group, email="ADA.lovelace@example.com")
    with pytest.raises(ValidationError, match="contact with that address"):
        Contact(group=group, email="ada.LOVELACE@example.com").full_clean()


@pytest.mark.parametrize(
    ("one", "other"),
    [("cafe@example.com", "café@example.com"), ("a@example.com", "\uff41@example.com")],
)
def test_addresses_that_only_look_alike_are_different_contacts(one, other):
    group = make_campaign().groups.get()
    make_contact(group, email=one)
    assert not refused(make_contact, group, email=other)


def test_the_same_address_may_be_in_two_groups_of_a_campaign():
    for group in make_campaign(group_names=["one", "two"]).groups.all():
        make_contact(group, email="ada@example.com")
    assert Contact.objects.count() == 2


def test_a_changed_address_changes_its_key():
    contact = make_contact(email="old@example.com")
    contact.email = "New@example.com"
    contact.save()
    assert Contact.objects.get().email_key == "new@example.com"


def test_many_contacts_are_removed_in_slices(monkeypatch):
    monkeypatch.setattr(contact_module, "REMOVED_AT_ONCE", 2)
    group = make_campaign().groups.get()
    stays = make_contact()
    for _ in range(5):
        make_contact(group)
    group.contacts.all().remove()
    assert Contact.objects.get() == stays
    assert Pixel.objects.get().contact == stays


def test_pixel_numbers_and_uuids_are_unique():
    contact = make_contact()
    pixel = contact.pixels.get()
    assert refused(Pixel.objects.create, contact=contact, number=1)
    assert refused(Pixel.objects.create, contact=contact, number=2, uuid=pixel.uuid)
    assert not refused(Pixel.objects.create, contact=contact, number=2, uuid=uuid4())


def test_a_pixel_knows_its_address_and_the_html_to_paste(settings):
    settings.PUBLIC_URL = "https://t.example.com"
    pixel = make_contact().pixels.get()
    assert pixel.url.startswith("https://t.example.com/p/")
    token = pixel.url.removeprefix("https://t.example.com/p/").removesuffix(".gif")
    assert read_token(token) == pixel.uuid.bytes
    assert '<img src="https://t.example.com/p/' in pixel.html
    assert "display:none" not in pixel.html


def test_members_see_the_rows_of_their_teams_only():
    contact = make_contact()
    owner, stranger = contact.group.campaign.team.owner, make_user()
    root = make_user(is_superuser=True)
    for model in (Campaign, Group, Contact, Pixel):
        assert model.objects.of(owner).count() == 1
        assert model.objects.of(stranger).count() == 0
        assert model.objects.of(root).count() == 1


def test_an_address_that_grows_when_it_is_tidied_is_refused():
    address = "a" * 60 + "@" + ".".join(["ü" * 40] * 4) + ".com"
    with pytest.raises(ValidationError, match="too long"):
        Contact(group=make_campaign().groups.get(), email=address).clean()
