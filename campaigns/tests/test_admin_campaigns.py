"""Campaigns and groups on their admin pages."""

import re
from html import unescape

import pytest

from accounts.models import Team, User
from accounts.tests.staff import admin_client, make_staff, page, said, signed_in
from campaigns.models import Campaign, Contact, Group
from campaigns.tests.admin_forms import campaign_form
from campaigns.tests.factories import make_campaign, make_contact

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db


def test_a_campaign_is_made_with_its_groups(admin_client):
    team = User.objects.get(username="admin").own_team
    form = admin_client.get(page(Campaign, "add"))
    assert form.context["adminform"].form.initial["team"] == team
    assert 'value="A"' in form.text
    data = campaign_form(None, (None, "A", True), (None, "B", False), team=team.pk)
    assert admin_client.post(page(Campaign, "add"), data).status_code == 302
    campaign = team.campaigns.get()
    assert [*campaign.groups.values_list("name", "is_control")] == [("A", True), ("B", False)]


@pytest.mark.parametrize(
    ("groups", "complaint"),
    [
        ([], "at least 1"),
        ([(None, "", False)], "This field is required."),
        ([(None, "A", False), (None, "a", False)], "Two groups have the same name."),
        ([(None, "A", True), (None, "B", True)], "one control at most"),
    ],
)
def test_a_campaign_with_wrong_groups_is_refused(admin_client, groups, complaint):
    team = make_staff().own_team
    reply = admin_client.post(page(Campaign, "add"), campaign_form(None, *groups, team=team.pk))
    assert complaint in reply.text
    assert not Campaign.objects.exists()


def test_the_control_moves_to_any_other_group(admin_client):
    campaign = make_campaign(group_names=["A", "B"])
    a, b = campaign.groups.order_by("pk")
    address = page(Campaign, "change", campaign.pk)
    for a_controls in (False, True):
        data = campaign_form(campaign, (a, "A", a_controls), (b, "B", not a_controls))
        assert admin_client.post(address, data).status_code == 302
        assert campaign.groups.get(is_control=True) == (a if a_controls else b)


def test_a_new_control_takes_the_place_of_the_old_one(admin_client):
    campaign = make_campaign(group_names=["A", "B"])
    b = campaign.groups.get(name="B")
    admin_client.post(page(Group, "change", b.pk), {"name": "B", "is_control": "on"})
    admin_client.post(
        page(Group, "add"), {"campaign": campaign.pk, "name": "C", "is_control": "on"}
    )
    assert campaign.groups.get(is_control=True).name == "C"


def test_a_campaign_keeps_its_team_and_its_name_stays_unique(admin_client):
    campaign = make_campaign(name="Spring")
    make_campaign(team=campaign.team, name="Autumn")
    address = page(Campaign, "change", campaign.pk)
    group = campaign.groups.get()
    other = make_staff().own_team
    reply = admin_client.post(address, campaign_form(campaign, (group, "A", False), name="AUTUMN"))
    assert "The team has a campaign of that name already." in reply.text
    data = campaign_form(campaign, (group, "A", False), name="Summer", team=other.pk)
    admin_client.post(address, data)
    renamed = Campaign.objects.get(name="Summer")
    assert renamed.team == campaign.team


def test_the_last_group_stays_with_all_it_holds(admin_client):
    contact = make_contact()
    group = contact.group
    reply = admin_client.post(page(Group, "delete", group.pk), {"post": "yes"})
    assert reply.url == page(Group, "change", group.pk)
    assert "A campaign keeps at least one group." in said(reply)
    assert Contact.objects.filter(pk=contact.pk).exists()


def test_all_groups_of_a_campaign_cannot_go_at_once(admin_client):
    campaign = make_campaign(group_names=["A", "B"])
    make_contact(campaign.groups.get(name="A"))
    groups = [*campaign.groups.values_list("pk", flat=True)]
    data = {"action": "delete_selected", "_selected_action": groups, "post": "yes"}
    reply = admin_client.post(page(Group), data, follow=True)
    assert "A campaign keeps at least one group." in reply.text
    assert "uccessfully" not in reply.text
    assert (campaign.groups.count(), Contact.objects.count()) == (2, 1)


def test_whoever_may_not_delete_contacts_may_not_delete_their_campaign():
    anna = make_staff(models=[Campaign])
    campaign = make_campaign(anna.own_team)
    client = signed_in(anna)
    address = page(Campaign, "delete", campaign.pk)
    assert "permission to delete the following" in client.get(address).text
    assert client.post(address, {"post": "yes"}).status_code == 403
    assert Campaign.objects.filter(pk=campaign.pk).exists()


def test_the_page_that_asks_says_how_much_goes_and_lists_nobody(admin_client):
    campaign = make_campaign(group_names=["A", "B"])
    for group in campaign.groups.all():
        make_contact(group)
    text = admin_client.get(page(Campaign, "delete", campaign.pk)).text
    assert "Groups: 2" in text
    assert "Contacts with their pixels: 2" in text
    assert "contact" not in text.partition('id="deleted-objects"')[2]
    selected = {"action": "delete_selected", "_selected_action": campaign.pk}
    assert "Contacts with their pixels: 2" in admin_client.post(page(Campaign), selected).text


def test_the_list_of_campaigns_counts_contacts_up_to_a_bound(admin_client, monkeypatch):
    monkeypatch.setattr("campaigns.admin.contact_count.MOST", 2)
    campaign = make_campaign(name="Big", group_names=["A", "B"])
    few, many = campaign.groups.order_by("pk")
    for group in (few, many, many, many):
        make_contact(group)
    make_contact(make_campaign(name="Small").groups.get())
    make_campaign(name="Empty")
    text = admin_client.get(page(Campaign)).text
    counts = [part.split("<")[0] for part in text.split('field-contact_count">')[1:]]
    assert counts == ["0", "1", "3+"]


def test_closed_campaigns_are_told_from_those_that_count(admin_client):
    make_campaign(name="Open")
    make_campaign(name="Shut").close()
    for value, name in {"yes": "Shut", "no": "Open"}.items():
        results = admin_client.get(page(Campaign), {"closed": value}).context["cl"].result_list
        assert [row.name for row in results] == [name]


def test_a_team_with_campaigns_cannot_be_deleted(admin_client):
    campaign = make_campaign()
    address = page(Team, "delete", campaign.team.pk)
    assert "would require deleting the following protected" in admin_client.get(address).text
    admin_client.post(address, {"post": "yes"})
    data = {"action": "delete_selected", "_selected_action": campaign.team.pk, "post": "yes"}
    admin_client.post(page(Team), data)
    assert Team.objects.filter(pk=campaign.team.pk).exists()


def test_a_user_goes_and_the_team_with_its_campaigns_stays(admin_client):
    campaign = make_campaign()
    reply = admin_client.post(page(User, "delete", campaign.team.owner.pk), {"post": "yes"})
    assert "was deleted successfully" in said(reply)
    campaign.team.refresh_from_db()
    assert campaign.team.owner is None


def trail(html: str) -> str:
    """The breadcrumbs, as they are read."""
    crumbs = html.partition('class="breadcrumbs"')[2].partition("</div>")[0].partition(">")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", "", crumbs)).replace("\u203a", ">").split())


def test_breadcrumbs_name_each_step_once(admin_client):
    campaign = make_campaign(name="Autumn")
    expected = {
        page(Campaign): "Home > Campaigns",
        page(Campaign, "add"): "Home > Campaigns > Add campaign",
        page(Campaign, "change", campaign.pk): "Home > Campaigns > Autumn",
        page(Campaign, "history", campaign.pk): "Home > Campaigns > Autumn > History",
        page(Campaign, "delete", campaign.pk): "Home > Campaigns > Autumn > Delete",
        page(Campaign, "close", campaign.pk): "Home > Campaigns > Autumn > Close",
        page(Team, "change", campaign.team.pk): f"Home > Teams > {campaign.team}",
    }
    assert {where: trail(admin_client.get(where).text) for where in expected} == expected
