"""The admin pages of all four models: who sees what, what goes along, what a list costs."""

import pytest
from django.urls import reverse

from accounts.models import Team
from accounts.paginator import BoundedPaginator
from accounts.tests.staff import admin_client, make_staff, page, said, signed_in
from campaigns.models import Campaign, Contact, Group, Pixel
from campaigns.tests.admin_forms import campaign_form, contact_form
from campaigns.tests.factories import make_campaign, make_contact
from campaigns.tests.removed import finish_removals

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db
MODELS = [Campaign, Group, Contact, Pixel]


def name_of(model) -> str:
    return model.__name__


@pytest.fixture
def two_teams():
    """Anna's client, a contact of hers, and one of a team that she isn't in."""
    anna = make_staff(models=[*MODELS, Team])
    ours = make_contact(make_campaign(anna.own_team, name="Ours").groups.get())
    theirs = make_contact(make_campaign(name="Theirs").groups.get(), email="theirs@example.com")
    return signed_in(anna), ours, theirs


def line_of(contact) -> dict:
    """Model → the row above the contact (or below), up to the campaign."""
    pixel = contact.pixels.get()
    return {
        Campaign: contact.group.campaign,
        Group: contact.group,
        Contact: contact,
        Pixel: pixel,
    }


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_members_see_the_rows_of_their_teams_only(two_teams, model):
    client, ours, theirs = two_teams
    listed = client.get(page(model))
    assert [*listed.context["cl"].result_list] == [line_of(ours)[model]]
    assert "heirs" not in listed.text
    assert client.get(page(model, "change", line_of(ours)[model].pk)).status_code == 200
    for what in ("change", "delete", "history"):
        assert client.get(page(model, what, line_of(theirs)[model].pk)).url == "/admin/"
    assert client.post(page(model, "delete", line_of(theirs)[model].pk), {"post": "yes"}).url == (
        "/admin/"
    )
    action = {"action": "delete_selected", "post": "yes"}
    client.post(page(model), action | {"_selected_action": line_of(theirs)[model].pk})
    assert model.objects.filter(pk=line_of(theirs)[model].pk).exists()


@pytest.mark.parametrize(
    ("model", "field"), [(Campaign, "team"), (Group, "campaign"), (Contact, "group")]
)
def test_members_cannot_choose_the_rows_of_other_teams(two_teams, model, field):
    client, _, theirs = two_teams
    campaign = theirs.group.campaign
    value = {"team": campaign.team, "campaign": campaign, "group": theirs.group}[field]
    data = campaign_form(None, (None, "A", False)) | contact_form(theirs.group, "x@example.com")
    reply = client.post(page(model, "add"), data | {field: value.pk})
    assert field in reply.context["adminform"].form.errors
    assert str(value) not in reply.text
    query = f"?app_label=campaigns&model_name={model._meta.model_name}&field_name={field}"
    found = client.get(reverse("admin:autocomplete") + query).json()["results"]
    assert len(found) == 1
    assert found[0]["id"] != str(value.pk)


def test_a_viewers_pages_offer_no_changes():
    anna = make_staff(models=MODELS, actions=["view"])
    contact = make_contact(make_campaign(anna.own_team).groups.get())
    client = signed_in(anna)
    for model, row in line_of(contact).items():
        assert "_save" not in client.get(page(model, "change", row.pk)).text
        assert client.get(page(model, "add")).status_code == 403
        assert client.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("in_bulk", [False, True])
@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_a_row_goes_with_all_below_it(admin_client, model, in_bulk):
    contact = make_contact(make_campaign(group_names=["A", "B"]).groups.get(name="A"))
    stays = make_contact()
    rows = line_of(contact)
    row = rows[model]
    if in_bulk:
        data = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
        reply = admin_client.post(page(model), data)
    else:
        reply = admin_client.post(page(model, "delete", row.pk), {"post": "yes"})
    assert "uccessfully" in said(reply)
    assert not model.objects.filter(pk=row.pk).exists()
    finish_removals()
    at = MODELS.index(model)
    left = [each.objects.filter(pk=rows[each].pk).exists() for each in MODELS]
    assert left == [True] * at + [False] * (len(MODELS) - at)
    assert all(each.objects.filter(pk=row.pk).exists() for each, row in line_of(stays).items())


@pytest.mark.parametrize("model", MODELS, ids=name_of)
@pytest.mark.parametrize("who", ["superuser", "member"])
def test_lists_ask_the_same_number_of_questions_whatever_their_length(
    admin_client, model, who, django_assert_max_num_queries
):
    anna = make_staff(models=MODELS)
    client = admin_client if who == "superuser" else signed_in(anna)
    for target in (1, 20):
        while model.objects.count() < target:
            make_contact(make_campaign(anna.own_team, group_names=["A", "B"]).groups.first())
        with django_assert_max_num_queries(14):
            assert client.get(page(model)).context["cl"].result_count >= target


@pytest.mark.parametrize("model", [Contact, Pixel], ids=name_of)
def test_big_tables_are_not_counted_to_the_end(
    admin_client, model, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(BoundedPaginator, "MOST", 3)
    group = make_campaign().groups.get()
    for _ in range(5):
        make_contact(group)
    with django_assert_max_num_queries(14) as captured:
        text = admin_client.get(page(model)).text
    asked = [each["sql"] for each in captured]
    assert any("LIMIT 4" in sql for sql in asked)
    assert all("LIMIT 4" in sql for sql in asked if "COUNT(" in sql)
    assert f"3+ {model._meta.verbose_name_plural}" in text


@pytest.mark.parametrize(
    ("model", "query"),
    [
        (Contact, {"created_at__year": "99999"}),
        (Group, {"campaign": "9" * 30}),  # more than SQLite's integers hold
        (Campaign, {"p": "9" * 30}),
    ],
)
def test_an_address_that_makes_no_sense_leads_to_a_list(admin_client, model, query):
    make_contact()
    assert "cl" in admin_client.get(page(model), query, follow=True).context


def test_a_list_that_fails_by_itself_is_not_led_to_itself(admin_client, monkeypatch):
    def broken(*args):
        raise ValueError("of our own making")

    monkeypatch.setattr("campaigns.admin.ContactAdmin.get_queryset", broken)
    for query in ({}, {"e": "1"}):
        with pytest.raises(ValueError, match="of our own making"):
            admin_client.get(page(Contact), query)
