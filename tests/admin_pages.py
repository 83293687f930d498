"""Which pages the admin has for somebody, asked of the admin itself. Runs inside Django.

Every line of the admin's URL map must be in the list or in `LEFT_OUT`: a page that comes anew is
measured, or somebody says why not.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Membership, Team, User
from campaigns.models import Campaign, Contact, Group, Pixel
from tracking.models import ContactOpenings, Opening

LEFT_OUT = {
    "login": "for those who are not in",
    "login_code": "for those who are not in",
    "logout": "ends the session",
    "view_on_site": "no object has an address of its own",
    "jsi18n": "a catalogue of words",
    "campaigns_contactimport_pause": "POST only",
    "campaigns_contactimport_resume": "POST only",
    "campaigns_contactimport_retry": "POST only",
    "campaigns_contactimport_run": "POST only",
    "campaigns_contactimport_first_rows": "POST only",
}
# Answer with another address: one always, one where there is nothing to do.
LEADS_ON = ("search", "campaigns_campaign_reopen")
SITE = ("index", "live", "search", "two_factor", "password_change", "password_change_done")
SEARCHED = {Contact: "contact-12", Opening: "contact-12", ContactOpenings: "contact-12"}


class Asker:
    """The pages of one user. A page is (what it is, the line of the URL map, address)."""

    def __init__(self, user: User, campaigns: list[int], figures: tuple[str, ...]):
        self.user, self.figures = user, figures
        self.campaigns = list(Campaign.objects.of(user).filter(pk__in=campaigns).order_by("pk"))

    def pages(self) -> Iterator[tuple[str, str, str]]:
        for name in SITE:
            yield name, name, reverse(f"admin:{name}")
        for app in admin.site.get_app_list(self.request()):
            label = app["app_label"]
            yield f"app {label}", "app_list", reverse("admin:app_list", args=[label])
        for model, own in admin.site._registry.items():
            if own.has_view_permission(self.request()):
                yield from self.pages_of(model, own)

    def request(self, query: str = ""):
        request = RequestFactory().get(f"/admin/{query}")
        request.user = self.user
        return request

    def pages_of(self, model, own):
        base = f"{model._meta.app_label}_{model._meta.model_name}"
        at = reverse(f"admin:{base}_changelist")
        label = model._meta.label
        for what, query in self.lists(own):
            yield f"{label}: {what}", f"{base}_changelist", at + query
        if own.has_add_permission(self.request()):
            yield f"{label}: add", f"{base}_add", reverse(f"admin:{base}_add")
        for which, row in self.rows(model, own):
            yield from self.pages_of_row(own, base, f"{label}, {which}", row)
        yield from self.autocompletes(model)

    def lists(self, own):
        """(what, query) of each list: every choice of a filter, every order, the next page."""
        listed = own.get_changelist_instance(self.request())
        yield "list", ""
        if listed.paginator.num_pages > 1:
            yield "second page", "?p=2"
            yield "last page", f"?p={listed.paginator.num_pages}"
        if own.get_search_fields(self.request()):
            text = SEARCHED.get(own.model, "a")
            yield "search", f"?{urlencode({'q': text})}"
        for spec in listed.filter_specs:
            for choice in spec.choices(listed):
                if choice["query_string"] not in ("", "?"):
                    told = f"by {spec.title} {choice['display']}"
                    yield told, choice["query_string"]
        for place in listed.get_ordering_field_columns() | self.sortable(own, listed):
            yield f"by column {place}", f"?o={place}"
            yield f"by column -{place}", f"?o=-{place}"
        if field := own.date_hierarchy:
            year = own.get_queryset(self.request()).order_by(f"-{field}").values_list(field)[:1]
            for [moment] in year:
                yield "a year", f"?{field}__year={moment.year}"
                month = {f"{field}__year": moment.year, f"{field}__month": moment.month}
                yield "a month", f"?{urlencode(month)}"

    def sortable(self, own, listed) -> dict:
        names = enumerate(listed.list_display)
        allowed = listed.sortable_by
        return {
            place: "asc"
            for place, name in names
            if name in allowed and listed.get_ordering_field(name)
        }

    def rows(self, model, own):
        """(which, row): those of the campaigns that matter, else the newest and the oldest."""
        if model is Campaign:
            yield from ((campaign.name, campaign) for campaign in self.campaigns)
            return
        if model in (Group, Contact, Pixel, Opening, ContactOpenings):
            for campaign in self.campaigns:
                group = campaign.groups.order_by("pk").first()
                opened = ContactOpenings.objects.filter(contact__group=group)
                known = opened.order_by("-contact_id").first()
                found = {
                    Group: group,
                    Contact: known.contact,
                    Pixel: known.contact.pixels.order_by("pk").last(),
                    Opening: Opening.objects.filter(contact=known.contact).order_by("pk").first(),
                    ContactOpenings: known,
                }
                yield campaign.name, found[model]
            return
        rows = own.get_queryset(self.request())
        newest, oldest = rows.order_by("-pk").first(), rows.order_by("pk").first()
        if newest:
            yield "newest", newest
        if oldest and oldest != newest:
            yield "oldest", oldest

    def pages_of_row(self, own, base, label, row):
        request = self.request()
        kinds = ["change", "history"]
        if own.has_delete_permission(request, row):
            kinds.append("delete")
        for kind in kinds:
            line = f"{base}_{kind}"
            yield f"{label}: {kind}", line, reverse(f"admin:{line}", args=[row.pk])
        for pattern in own.get_urls():
            line = pattern.name or ""
            names = list(pattern.pattern.converters)
            if line in LEFT_OUT or names in ([], ["object_id"]) or not line:
                continue
            if line.endswith("_cancel") and not admin.ModelAdmin.has_change_permission(
                own, request
            ):
                continue
            if line.endswith(("_erase", "_reset_two_factor")) and not own.has_delete_permission(
                request, row
            ):
                continue
            for extra in self.figures if "name" in names else ("",):
                known = {"id": row.pk, "name": extra}
                values = {name: known["name" if name == "name" else "id"] for name in names}
                told = " ".join(filter(None, [line.rpartition("_")[2], extra]))
                yield f"{label}: {told}", line, reverse(f"admin:{line}", kwargs=values)

    def autocompletes(self, model):
        """What a choice of another row asks while somebody types."""
        own = admin.site._registry[model]
        inlines = [each(model, admin.site) for each in own.inlines]
        for asking in (own, *inlines):
            if not asking.has_add_permission(self.request(), *([None] * (asking is not own))):
                continue
            for name in asking.get_autocomplete_fields(self.request()):
                chosen = asking.model._meta.get_field(name).related_model
                if not admin.site.get_model_admin(chosen).has_view_permission(self.request()):
                    continue
                for term in ("", "co"):
                    meta = asking.model._meta
                    query = {
                        "app_label": meta.app_label, "model_name": meta.model_name,
                        "field_name": name, "term": term,
                    }  # fmt: skip
                    told = f"{meta.label}: choices of {name} for {term!r}"
                    address = f"{reverse('admin:autocomplete')}?{urlencode(query)}"
                    yield told, "autocomplete", address


def make_editor(team: str) -> User:
    """Staff, of one team, who may do all that teams let people do."""
    user, made = User.objects.get_or_create(
        username="editor", defaults={"email": "editor@example.com", "is_staff": True}
    )
    if made:
        Membership.objects.create(team=Team.objects.get(name=team), user=user, role="editor")
        apps = Permission.objects.filter(content_type__app_label__in=["campaigns", "tracking"])
        user.user_permissions.add(*apps)
    return user


def pages_for(
    user: User, campaigns: list[int], figures: tuple[str, ...], wanted=lambda what: True
) -> dict:
    """With the session in which to ask for them, and how many queries each takes."""
    client = Client(SERVER_NAME="127.0.0.1", raise_request_exception=False)
    client.force_login(user)
    found = []
    for what, line, address in dict.fromkeys(Asker(user, campaigns, figures).pages()):
        if not wanted(what):
            continue
        with CaptureQueriesContext(connection) as captured:
            reply = client.get(address)
            for _ in reply if reply.streaming else ():
                pass
        found.append([what, line, address, len(captured), reply.status_code])
    return {"session": client.cookies["sessionid"].value, "pages": found}


def lines() -> list[str]:
    """The names in the admin's URL map."""
    found = []
    for pattern in admin.site.get_urls():
        found += [each.name for each in getattr(pattern, "url_patterns", [pattern])]
    return [name for name in found if name and not re.match(r"auth_", name)]


def lines_of_nothing(user: User) -> tuple[list[str], list[str]]:
    """Lines of the URL map that a superuser has no page of: of adding and deleting what the service
    writes; and those of a row where there is none."""
    request = Asker(user, [], ()).request()
    refused, empty = [], []
    for model, own in admin.site._registry.items():
        base = f"{model._meta.app_label}_{model._meta.model_name}"
        row = own.get_queryset(request).order_by("pk").first()
        if not own.has_add_permission(request):
            refused.append(f"{base}_add")
        if row is None:
            named = (each for each in own.get_urls() if each.pattern.converters)
            empty += [each.name for each in named if each.name]
        elif not own.has_delete_permission(request, row):
            refused.append(f"{base}_delete")
    return refused, empty
