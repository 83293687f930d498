"""What the roles of a team allow in the admin: as in the API, whatever Django's permissions say."""

import pytest

from accounts.models import Membership
from accounts.tests.staff import make_staff, page, signed_in
from campaigns.models import Campaign, Contact, ContactImport, ErasedAddress, Group, Pixel
from campaigns.tests.factories import make_campaign, make_contact

VIEWER, EDITOR, MANAGER = Membership.Role.VIEWER, Membership.Role.EDITOR, Membership.Role.MANAGER
MODELS = (Campaign, Group, Contact, Pixel, ContactImport, ErasedAddress)


@pytest.fixture
def contact(db):
    return make_contact(make_campaign().groups.get())


def member(contact, role):
    return signed_in(make_staff(role, contact.group.campaign.team, MODELS, role=role))


def pages(contact, what) -> list[str]:
    campaign = contact.group.campaign
    rows = (campaign, contact.group, contact)
    return [page(type(row), what, row.pk) for row in rows]


def test_a_viewer_sees_and_changes_nothing(contact):
    client, campaign = member(contact, VIEWER), contact.group.campaign
    for where in pages(contact, "change"):
        seen = client.get(where)
        assert seen.status_code == 200
        assert not seen.context["has_change_permission"]
        assert 'name="_save"' not in seen.text
        assert client.post(where, {"name": "x"}).status_code == 403
    for where in [*pages(contact, "delete"), page(Contact, "erase", contact.pk)]:
        assert client.post(where, {"post": "yes"}).status_code == 403
    for verb in ("close", "duplicate"):
        assert client.post(page(Campaign, verb, campaign.pk), {"name": "x"}).status_code == 403
    assert Campaign.objects.get().name == campaign.name
    assert Contact.objects.get().email == contact.email


def test_an_editor_changes_and_deletes_nothing(contact):
    client, campaign = member(contact, EDITOR), contact.group.campaign
    where = page(Group, "change", contact.group.pk)
    client.post(where, {"campaign": campaign.pk, "name": "Renamed"})
    assert Group.objects.get().name == "Renamed"
    assert client.post(page(Campaign, "close", campaign.pk)).status_code == 302
    assert Campaign.objects.get().closed_at
    for where in [*pages(contact, "delete"), page(Contact, "erase", contact.pk)]:
        assert client.post(where, {"post": "yes"}).status_code == 403
    for model in (Campaign, Group, Contact, Pixel):
        selected = [row.pk for row in model.objects.all()]
        asked = {"action": "delete_selected", "_selected_action": selected, "post": "yes"}
        client.post(page(model), asked)
        assert model.objects.count() == len(selected)


def test_a_manager_deletes(contact):
    client = member(contact, MANAGER)
    asked = {"action": "delete_selected", "_selected_action": [contact.pk], "post": "yes"}
    client.post(page(Contact), asked)
    assert not Contact.objects.exists()


@pytest.mark.parametrize("role", [VIEWER, EDITOR])
def test_rows_are_added_to_teams_that_one_may_write_to(contact, role):
    client, campaign = member(contact, role), contact.group.campaign
    forms = {
        Group: {"campaign": campaign.pk, "name": "Another"},
        Contact: {
            "group": contact.group.pk,
            "email": "another@example.com",
            "scheduled_at_0": "2026-03-01",
            "scheduled_at_1": "08:00:00",
        },
        Pixel: {"contact": contact.pk, "number": 2},
    }
    for model, form in forms.items():
        before = model.objects.count()
        reply = client.post(page(model, "add"), form)
        assert model.objects.count() == before + (role == EDITOR), model
        assert ("Select a valid choice" in reply.text) == (role == VIEWER)


@pytest.mark.parametrize("role", [VIEWER, EDITOR])
def test_imports_are_stopped_by_who_may_write(contact, role):
    campaign = contact.group.campaign
    job = ContactImport.objects.create(campaign=campaign, name="people.csv", size=1)
    client = member(contact, role)
    assert ("Pause" in client.get(page(ContactImport, "change", job.pk)).text) == (role == EDITOR)
    reply = client.post(page(ContactImport, "pause", job.pk))
    assert reply.status_code == (302 if role == EDITOR else 403)


# -- Choices ---------------------------------------------------------------------------------------
def offered(client, model, field, term="") -> list[str] | int:
    """What the box of a form finds, or the status of the refusal."""
    query = {"app_label": "campaigns", "model_name": model._meta.model_name}
    reply = client.get("/admin/autocomplete/", query | {"field_name": field, "term": term})
    if reply.status_code != 200:
        return reply.status_code
    return sorted(each["text"] for each in reply.json()["results"])


@pytest.mark.parametrize("role", [VIEWER, EDITOR, MANAGER])
def test_teams_are_offered_to_those_who_make_campaigns_in_them(contact, role):
    """Whether or not they may look at teams."""
    team = contact.group.campaign.team
    client = member(contact, role)
    make_campaign(name="Of others")
    own = f"{role}'s team"
    assert client.get(page(Campaign, "add")).status_code == 200
    assert offered(client, Campaign, "team") == sorted(
        [own, team.name] if role != VIEWER else [own]
    )
    assert offered(client, Campaign, "team", team.name) == ([team.name] if role != VIEWER else [])


def test_groups_are_added_to_campaigns_that_are_offered(contact):
    campaign = contact.group.campaign
    make_campaign(name="Of others")
    editor = make_staff(EDITOR, campaign.team, [Group], role=EDITOR)
    viewer = make_staff(VIEWER, campaign.team, MODELS, role=VIEWER)
    assert offered(signed_in(editor), Group, "campaign") == [campaign.name]
    assert offered(signed_in(viewer), Group, "campaign") == []


def test_nothing_is_offered_to_those_who_fill_in_no_form(contact):
    looks = make_staff("looks", contact.group.campaign.team, [Campaign], ["view"], role=EDITOR)
    assert offered(signed_in(looks), Campaign, "team") == 403
    assert offered(signed_in(make_staff("none")), Campaign, "team") == 403
