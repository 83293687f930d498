import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.urls import reverse

from accounts.models import Team, User
from accounts.paginator import BoundedPaginator
from accounts.tests.staff import admin_client, inline, make_staff, page, signed_in
from campaigns.models import Campaign, Contact, Group, Pixel
from campaigns.tests.factories import make_campaign, make_contact
from campaigns.tests.removed import finish_removals

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db

MODELS = [Campaign, Group, Contact, Pixel]


def name_of(model) -> str:
    return model.__name__


def said(reply) -> str:
    return " ".join(map(str, get_messages(reply.wsgi_request)))


def campaign_form(campaign=None, *groups, **fields):
    """What the browser sends from a campaign's page; each group is (row, name, control)."""
    data = {"name": "Autumn", "time_zone": "Europe/Berlin", "pixels_per_contact": 2}
    data |= {"tracking": "individual"} | fields
    rows = [
        {"id": group.pk if group else "", "name": name} | ({"is_control": "on"} if control else {})
        for group, name, control in groups
    ]
    return inline("groups", *rows, initial=sum(bool(group) for group, *_ in groups), **data)


def contact_form(group, email, **fields):
    data = {"group": group.pk, "email": email, "scheduled_at_0": "2026-03-01"}
    return data | {"scheduled_at_1": "08:00:00"} | fields


# -- Making and changing ---------------------------------------------------------------------------


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


# -- Whose objects ---------------------------------------------------------------------------------


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


# -- Deletion --------------------------------------------------------------------------------------


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


def test_too_many_at_once_are_refused(admin_client, monkeypatch):
    monkeypatch.setattr("campaigns.admin.removal.RemovalAdmin.MOST_AT_ONCE", 2)
    group = make_campaign().groups.get()
    contacts = [make_contact(group).pk for _ in range(3)]
    data = {"action": "delete_selected", "_selected_action": contacts, "post": "yes"}
    reply = admin_client.post(page(Contact), data)
    assert said(reply) == "Select 2 contacts at most."
    assert Contact.objects.count() == 3


def test_whoever_may_not_delete_contacts_may_not_delete_their_campaign():
    anna = make_staff(models=[Campaign])
    campaign = make_campaign(anna.own_team)
    client = signed_in(anna)
    address = page(Campaign, "delete", campaign.pk)
    assert "permission to delete the following" in client.get(address).text
    assert client.post(address, {"post": "yes"}).status_code == 403
    assert Campaign.objects.filter(pk=campaign.pk).exists()


# -- Lists -----------------------------------------------------------------------------------------


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
    counting = [each["sql"] for each in captured if "COUNT(" in each["sql"]]
    assert counting
    assert all("LIMIT 4" in sql for sql in counting)
    assert f"3+ {model._meta.verbose_name_plural}" in text


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
