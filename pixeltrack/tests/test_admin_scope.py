"""Whoever belongs to another team sees nothing of a team on any page of the admin, and changes
nothing of it, whatever they send. The addresses are found by looking, so that none is forgotten."""

import json
import re
from contextlib import contextmanager
from urllib.parse import quote_plus

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import RequestFactory
from django.utils.html import escape

from accounts.models import Membership, Team
from accounts.scoped_admin import ScopedAdmin
from accounts.tests.staff import inline, make_staff, page, said, signed_in
from campaigns.models import Campaign, Contact, ContactImport, Group
from campaigns.tests.admin_forms import campaign_form, contact_form
from pixeltrack.tests.admin_pages import OF_NO_TEAM, addresses, choices_of, rows_of
from pixeltrack.tests.world import CANARY
from tracking.models import CampaignDecision, Opening

pytestmark = pytest.mark.django_db
ALL = list(addresses())
OF_ROWS = [each for each in ALL if each.names_a_row and each.model and each.model not in OF_NO_TEAM]
LISTS = [each.model for each in ALL if each.route.count("/") == 2 and each.model]
LISTS = [model for model in dict.fromkeys(LISTS) if model not in OF_NO_TEAM]
# What names neither a list nor a row of one.
OTHERS = {
    "", "live/", "search/", "login/", "login/code/", "logout/", "two-factor/",
    "password_change/", "password_change/done/", "jsi18n/", "autocomplete/",
    "r/<path:content_type_id>/<path:object_id>/",
}  # fmt: skip


class Pair:
    """The team's rows, and staff beside them with all permissions that there are: one of another
    team, and a superuser, who sees what there is to be seen."""

    def __init__(self, world):
        self.world = world
        self.rows = rows_of(world)
        self.stranger = staff("stranger", world.theirs.team, Membership.Role.EDITOR)
        self.client, self.root = signed_in(self.stranger), signed_in(world.people["superuser"])
        # It is their own that they see of this one.
        CampaignDecision.objects.filter(campaign=world.theirs.campaign).update(by="x", remark="")
        self.secrets = secrets_of(self.rows)


def staff(name, team, role):
    user = make_staff(name)
    Membership.objects.create(team=team, user=user, role=role)
    user.user_permissions.set(Permission.objects.all())
    return user


def secrets_of(rows) -> list[str]:
    """What would give away that a row of the team is there: a name, an address of a person, a uuid,
    or the address of its page."""
    pages = [page(model, "change", row.pk) for model, row in rows.items()]
    uuids = [str(rows[Opening].event_id), str(rows[Opening].pixel.uuid)]
    return [CANARY, *pages, *uuids, *(uuid.replace("-", "") for uuid in uuids)]


@pytest.fixture(scope="module")
def pair(world, django_db_blocker):
    with django_db_blocker.unblock():
        yield Pair(world)


def text_of(reply) -> str:
    content = b"".join(reply.streaming_content) if reply.streaming else reply.content
    return content.decode() + str(reply.headers)


def leaked(pair, text: str, *asked: str) -> list[str]:
    """What the text gives away, with some of what is around it, beside what was asked for."""
    text = text.replace("Atlantic/Canary", "")
    for each in asked:
        if each.isdigit():  # it would tear others apart
            continue
        for shown in (each, escape(each), quote_plus(each), quote_plus(quote_plus(each))):
            text = text.replace(shown, "") if shown else text
    found = [re.search(rf"{re.escape(secret)}(?!\d)", text, re.I) for secret in pair.secrets]
    return [text[max(each.start() - 60, 0) : each.end() + 20] for each in found if each]


def assert_tells_nothing(pair, reply, *asked):
    found = leaked(pair, text_of(reply), *asked)
    assert not found, (reply.wsgi_request.get_full_path(), found)


def state() -> dict:
    """All that is stored, but what notes that somebody looked."""
    looked = (Session, LogEntry)
    models = [each for each in apps.get_models() if each not in looked and each._meta.managed]
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values()) for model in models
    }


def without_last_login(stored: dict) -> dict:
    users = [row | {"last_login": None} for row in stored["accounts.User"]]
    return stored | {"accounts.User": users}


@contextmanager
def nothing_changes(where="", but=()):
    """`but`: rows that may."""
    before = without_last_login(state())
    with transaction.atomic():
        yield
        after = without_last_login(state())
        transaction.set_rollback(True)
    changed = [
        (label, row)
        for label in before
        for row in before[label] + after[label]
        if (row not in before[label] or row not in after[label])
        and (label, row.get("id")) not in {(own._meta.label, own.pk) for own in but}
    ]
    assert not changed, (where, changed)


# -- Every page --------------------------------------------------------------------------------
def test_every_address_of_the_admin_is_asked_for():
    known = {each.route for each in OF_ROWS} | OTHERS
    lists = {each.route for each in ALL if each.model and not each.names_a_row}
    of_no_team = {each.route for each in ALL if each.model in OF_NO_TEAM}
    forgotten = {each.route for each in ALL} - known - lists - of_no_team
    assert not forgotten, f"Add to OTHERS, or to a list's own addresses: {forgotten}"
    assert len(OF_ROWS) > 70
    assert {"campaigns/campaign/<int:campaign_id>/export/"} <= known


def test_every_list_has_a_row_to_look_for(pair):
    assert set(LISTS) - set(pair.rows) == set()
    assert set(admin.site._registry) - set(pair.rows) - set(OF_NO_TEAM) == set()


@pytest.mark.parametrize("address", OF_ROWS, ids=str)
def test_a_page_of_another_teams_row_is_not_there(pair, address):
    row = pair.rows[address.model]
    where = address.filled(row)
    assert_not_there(pair, pair.client.get(where), where)
    with nothing_changes(where):
        assert_not_there(pair, pair.client.post(where, {"post": "yes"}), where)


def assert_not_there(pair, reply, where):
    """Django leads to home, where it says that there is no such row."""
    assert reply.status_code in (302, 403, 404, 405), where
    if reply.status_code == 302:
        assert reply.url == "/admin/", where
    assert_tells_nothing(pair, reply, where)
    assert not leaked(pair, said(reply))


def test_these_pages_are_there_for_those_who_may_see_them(pair):
    for address in OF_ROWS:
        with transaction.atomic():
            reply = pair.root.get(address.filled(pair.rows[address.model]))
            transaction.set_rollback(True)
        expected = (200, 304, 403, 405)  # some are never changed, some are for a POST
        came_back = reply.status_code == 302 and reply.url != "/admin/"
        assert reply.status_code in expected or came_back, (address.route, reply.status_code)


@pytest.mark.parametrize("address", sorted(OTHERS - {"logout/"}))
def test_pages_of_everybody_tell_nothing(pair, address):
    row = pair.rows[Campaign]
    where = next(each for each in ALL if each.route == address).filled(row)
    for query in ({}, {"q": CANARY}):
        reply = pair.client.get(where, query)
        assert_tells_nothing(pair, reply, f"?q={CANARY}")


def test_lists_of_apps_tell_nothing(pair):
    for label in ("accounts", "campaigns", "tracking", "auth"):
        assert_tells_nothing(pair, pair.client.get(f"/admin/{label}/"))


# -- Lists, their searches and filters -----------------------------------------------------------
@pytest.mark.parametrize("model", LISTS)
def test_a_list_shows_the_rows_of_ones_teams(pair, model):
    theirs, all_of_them = pair.client.get(page(model)), pair.root.get(page(model))
    assert theirs.status_code == all_of_them.status_code == 200
    assert page(model, "change", pair.rows[model].pk) in all_of_them.text
    assert_tells_nothing(pair, theirs)
    popup = pair.client.get(page(model), {"_popup": 1})
    assert_tells_nothing(pair, popup)


def searched_for(pair, model) -> list[dict]:
    opening = pair.rows[Opening]
    texts = [CANARY, str(pair.rows[model]), str(opening.event_id), str(opening.pixel.uuid)]
    return [{"q": text} for text in texts]


def filtered_by(pair, model) -> list[dict]:
    """Each filter with what the team's own row would be found by, and each field that an address
    may name beside them."""
    ids = {
        "campaign": pair.world.campaign.pk,
        "contact_import": pair.rows[ContactImport].pk,
        "team__id__exact": pair.world.team.pk,
        "group__id__exact": pair.world.group.pk,
        "contact__id__exact": pair.rows[Opening].contact_id,
        "pk": pair.rows[model].pk,
        "id__exact": pair.rows[model].pk,
    }
    named = [{name: value} for name, value in ids.items()]
    return [*named, {"created_at__year": 2026}]


@pytest.mark.parametrize("model", LISTS)
def test_searches_and_filters_find_ones_own_rows_only(pair, model):
    for query in [*searched_for(pair, model), *filtered_by(pair, model)]:
        reply = pair.client.get(page(model), query, follow=True)
        assert reply.status_code in (200, 400), query
        [asked] = map(str, query.values())
        assert_tells_nothing(pair, reply, asked)


@pytest.mark.parametrize("model", LISTS)
def test_the_filters_themselves_offer_ones_own_rows_only(pair, model):
    shown = pair.root.get(page(model)).context["cl"]
    for spec in pair.client.get(page(model)).context["cl"].filter_specs:
        choices = json.dumps([str(each) for each in spec.choices(shown)])
        assert not leaked(pair, choices), (model, spec)


# -- Choices -----------------------------------------------------------------------------------
def forms_of(model, request, row):
    pages = admin.site._registry[model]
    yield pages.get_form(request, row, change=True)
    if pages.has_add_permission(request):
        yield pages.get_form(request)
    for each in pages.get_inline_instances(request, row):
        yield each.get_formset(request, row).form


@pytest.mark.parametrize("model", LISTS)
def test_no_row_of_another_team_can_be_chosen_in_a_form(pair, model):
    """Neither on the page nor by a POST that somebody made up."""
    request = RequestFactory().get("/")
    request.user = pair.stranger
    for form in forms_of(model, request, pair.rows[model]):
        for name, field in choices_of(form).items():
            if (row := pair.rows.get(field.queryset.model)) is not None:
                assert not field.queryset.filter(pk=row.pk).exists(), (model, name)


def autocompleted():
    for model, pages in admin.site._registry.items():
        for each in (pages, *pages.inlines):
            for field in each.autocomplete_fields:
                yield each.model if each is not pages else model, field


@pytest.mark.parametrize(("model", "field"), list(autocompleted()))
def test_what_one_types_into_a_box_finds_ones_own_rows(pair, model, field):
    query = {"app_label": model._meta.app_label, "model_name": model._meta.model_name}
    sought = pair.rows[model._meta.get_field(field).related_model]
    for term in (CANARY, "", str(sought)):
        ask = query | {"field_name": field, "term": term}
        theirs, seen = (
            client.get("/admin/autocomplete/", ask) for client in (pair.client, pair.root)
        )
        assert theirs.status_code == 200
        assert str(sought.pk) not in {each["id"] for each in theirs.json()["results"]}
        assert_tells_nothing(pair, theirs, term)
        if term == "":
            assert str(sought.pk) in {each["id"] for each in seen.json()["results"]}


# -- Forged POSTs ------------------------------------------------------------------------------
@pytest.mark.parametrize("model", LISTS)
def test_actions_leave_the_rows_of_other_teams(pair, model):
    request = RequestFactory().get("/")
    request.user = pair.stranger
    actions = admin.site._registry[model].get_actions(request)
    for action in actions:
        form = {"action": action, "_selected_action": [pair.rows[model].pk], "post": "yes"}
        with nothing_changes((model, action)):
            reply = pair.client.post(page(model), form)
            assert_tells_nothing(pair, reply)


def forged(pair) -> dict[str, tuple[str, dict]]:
    """What somebody may make up: name → address and form. Each names a row of the team, on a page
    that is one's own."""
    rows, theirs = pair.rows, pair.world.theirs
    member = rows[Membership]
    own_campaign, own_team = theirs.campaign, theirs.team
    change = page(Campaign, "change", own_campaign.pk)
    own_groups = [(group, group.name, group.is_control) for group in own_campaign.groups.all()]
    forged_group = (rows[Group], "Mine now", False)
    verb = {
        name: page(Campaign, name, own_campaign.pk) for name in ("decide", "export", "duplicate")
    }
    rename = {"id": member.pk, "user": member.user_id, "role": "manager"}
    return {
        "campaign of a team": (
            page(Campaign, "add"), campaign_form(None, (None, "A", False), team=rows[Team].pk)
        ),
        "group of a campaign": (
            page(Group, "add"), {"campaign": rows[Campaign].pk, "name": "Mine"}
        ),
        "contact of a group": (page(Contact, "add"), contact_form(rows[Group], "new@example.com")),
        "inline group": (change, campaign_form(own_campaign, *own_groups[:1], forged_group)),
        "inline member": (
            page(Team, "change", own_team.pk), inline("memberships", rename, initial=1, name="X")
        ),
        "member of a team": (
            page(Membership, "add"),
            {"team": rows[Team].pk, "user": pair.stranger.pk, "role": "manager"},
        ),
        "import": (
            page(ContactImport, "add"), {"campaign": rows[Campaign].pk, "group": rows[Group].pk}
        ),
        "decided": (verb["decide"], {"group": rows[Group].pk}),
        "exported": (verb["export"], {"table": "openers", "kind": "csv", "group": rows[Group].pk}),
    }  # fmt: skip


def test_ids_of_other_teams_in_a_form_change_nothing(pair):
    for name, (where, form) in forged(pair).items():
        with nothing_changes(name, but=(pair.world.theirs.campaign, pair.world.theirs.team)):
            reply = pair.client.post(where, form)
            assert_tells_nothing(pair, reply)
            assert "attachment" not in reply.headers.get("Content-Disposition", ""), name


# -- The history -------------------------------------------------------------------------------
def test_what_others_did_is_on_nobodys_home(pair):
    with transaction.atomic():
        pair.root.post(page(Campaign, "close", pair.world.campaign.pk))
        assert LogEntry.objects.filter(object_repr__contains=CANARY).exists()
        assert_tells_nothing(pair, pair.client.get("/admin/"))
        transaction.set_rollback(True)


# -- Who may only look -------------------------------------------------------------------------
def test_who_may_only_view_changes_nothing_with_any_post(pair):
    viewer = make_staff("viewer")
    Membership.objects.create(team=pair.world.team, user=viewer, role="viewer")
    viewer.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = signed_in(viewer)
    group = pair.world.group.pk
    form = {"post": "yes", "name": "x", "group": group, "table": "openers", "kind": "csv"}
    asked = [each for each in ALL if each.model and each.route.count("<") < 2]
    with nothing_changes():
        for each in asked:
            row = pair.rows.get(each.model)
            if row is not None:
                client.post(each.filled(row), form)
        for where, fields in forged(pair).values():
            client.post(where, fields)
        for model in LISTS:
            for action in ("delete_selected", "revoke", "close", "reopen"):
                selected = {"action": action, "_selected_action": [pair.rows[model].pk]}
                client.post(page(model), selected | {"post": "yes"})
    assert client.get(page(Campaign, "change", pair.world.campaign.pk)).status_code == 200


# -- The tests themselves can fail ---------------------------------------------------------------
@pytest.fixture
def unscoped(monkeypatch):
    """Without roles as well, which stop some of it."""
    monkeypatch.setattr(ScopedAdmin, "scope", lambda pages, rows, user: rows)
    for pages in admin.site._registry.values():
        monkeypatch.setattr(pages, "team_path", "", raising=False)


def test_pages_that_show_every_teams_rows_are_found(pair, unscoped):
    change = next(each for each in OF_ROWS if each.name == "campaigns_campaign_change")
    with pytest.raises(AssertionError):
        test_a_page_of_another_teams_row_is_not_there(pair, change)
    with pytest.raises(AssertionError):
        test_a_list_shows_the_rows_of_ones_teams(pair, Campaign)
    with pytest.raises(AssertionError):
        test_searches_and_filters_find_ones_own_rows_only(pair, Campaign)
    with pytest.raises(AssertionError):
        test_no_row_of_another_team_can_be_chosen_in_a_form(pair, Group)
    with pytest.raises(AssertionError):
        test_what_one_types_into_a_box_finds_ones_own_rows(pair, Group, "campaign")
    with pytest.raises(AssertionError):
        test_actions_leave_the_rows_of_other_teams(pair, Contact)
    with pytest.raises(AssertionError):
        test_ids_of_other_teams_in_a_form_change_nothing(pair)
