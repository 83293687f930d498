"""Names that nobody can see are refused wherever a name comes in."""

import pytest
from django.core.exceptions import ValidationError

from accounts.fields import validate_visible
from accounts.tests.people import assert_problem
from accounts.tests.staff import admin_client, page
from campaigns.models import Campaign, Group
from campaigns.tests.admin_forms import campaign_form
from campaigns.tests.factories import make_campaign
from campaigns.tests.importing import reported, table, take_in

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db
UNSEEN = ("\u200b", "\u2060\ufeff", "\u00ad", "\u3164", "\u2800", "\u034f\ufe0f", " \u202e\u3000")


@pytest.mark.parametrize("name", UNSEEN, ids=ascii)
def test_what_cannot_be_seen_is_no_name(name):
    with pytest.raises(ValidationError, match="can be seen"):
        validate_visible(name)


@pytest.mark.parametrize("name", ["A", "क्षेत्र", "e\u0301", "♥\ufe0f", "\u200bA", "\u0627", "1", "—"])
def test_a_name_may_hold_what_cannot_be_seen(name):
    validate_visible(name)


def test_the_api_refuses_it(house):
    address = house.addresses()["campaigns"]
    for where, body in house.bodies().items():
        if where in ("campaigns", "groups"):
            reply = house.client.post(f"/api/{where}/", body | {"name": UNSEEN[0]})
            assert_problem(reply, 400, "invisible", "name")
    assert_problem(house.client.patch(address, {"name": UNSEEN[0]}), 400, "invisible", "name")


def test_the_admin_refuses_it(admin_client):
    campaign = make_campaign()
    group = campaign.groups.get()
    where = page(Campaign, "change", campaign.pk)
    for form in (
        campaign_form(campaign, (group, group.name, False), name=UNSEEN[0]),
        campaign_form(campaign, (group, UNSEEN[0], False)),
    ):
        assert "Give a name that can be seen." in admin_client.post(where, form).text
    copy = page(Campaign, "duplicate", campaign.pk)
    assert "can be seen" in admin_client.post(copy, {"name": UNSEEN[0]}).text
    assert not set(UNSEEN) & {each.name for each in (*Campaign.objects.all(), *Group.objects.all())}


@pytest.mark.parametrize("dry_run", [False, True])
def test_an_import_makes_no_such_group(dry_run):
    rows = table("email,group", f"a@example.com,{UNSEEN[0]}", "b@example.com,B")
    job = take_in(make_campaign(), rows, create_groups=True, dry_run=dry_run)
    assert reported(job) == [(2, "invisible", "group", UNSEEN[0])]
    assert not Group.objects.filter(name=UNSEEN[0]).exists()
