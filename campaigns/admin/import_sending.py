"""The page that sends a file of contacts."""

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import path

from campaigns.admin.import_form import ImportForm, too_large
from campaigns.admin.lists import number_or_none
from campaigns.first_rows import HEAD_BYTES, ZIP_BYTES
from campaigns.models import Contact, Group

SENT = "The file was sent. This page shows what becomes of it."
JSON = "application/json"


def by_script(request) -> bool:
    """Whether the page's script sends the form, which shows errors without another page: the file
    stays chosen."""
    return request.get_preferred_type(["text/html", JSON]) == JSON


class ImportSending(admin.ModelAdmin):
    form = ImportForm
    add_form_template = "admin/campaigns/contactimport/send.html"
    autocomplete_fields = ["campaign", "group"]

    def get_urls(self):
        view = self.admin_site.admin_view(self.first_rows_view)
        name = "campaigns_contactimport_first_rows"
        return [path("first-rows/", view, name=name), *super().get_urls()]

    def has_add_permission(self, request):
        """An import adds contacts and changes those that are there."""
        contacts = self.admin_site.get_model_admin(Contact)
        may = contacts.has_add_permission(request) and contacts.has_change_permission(request)
        return may and super().has_add_permission(request)

    def may_add_groups(self, request):
        return self.admin_site.get_model_admin(Group).has_add_permission(request)

    def get_fieldsets(self, request, obj=None):
        if obj:
            return super().get_fieldsets(request, obj)
        new_groups = ["create_groups"] if self.may_add_groups(request) else []
        seldom = ["scheduled_at", "run_at", "reject_overlap"]
        return [
            (None, {"fields": ["file", "campaign", "group", *new_groups]}),
            ("When, and what else", {"fields": seldom, "classes": ["collapse"]}),
        ]

    def get_changeform_initial_data(self, request):
        """The campaign that a link names; nothing else that an address says."""
        return {"campaign": number_or_none(request.GET.get("campaign")), "run_at": None}

    def add_view(self, request, form_url="", extra_context=None):
        context = {
            "title": "Import contacts",
            "most_bytes": settings.MAX_IMPORT_BYTES,
            "too_large": too_large(),
            "head_bytes": HEAD_BYTES,
            "zip_bytes": ZIP_BYTES,
        }
        return super().add_view(request, form_url, context | (extra_context or {}))

    def render_change_form(self, request, context, add=False, **kwargs):
        if add and request.method == "POST" and by_script(request):
            return refused(context["adminform"].form)
        return super().render_change_form(request, context, add=add, **kwargs)

    def save_form(self, request, form, change):
        return form.receive(by=request.user.get_username(), dry_run="dry_run" in request.POST)

    def save_model(self, request, obj, form, change):
        """It is stored already."""

    def save_related(self, request, form, formsets, change):
        """Nothing hangs on it."""

    def response_add(self, request, obj, post_url_continue=None):
        self.message_user(request, SENT, messages.SUCCESS)
        page = self.page_of(obj.pk)
        return JsonResponse({"page": page}) if by_script(request) else HttpResponseRedirect(page)

    def first_rows_view(self, request):
        """The form as it is so far, with the file, or `cut` to its beginning. Nothing is stored."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self.get_form(request)(request.POST, request.FILES)
        first = form.first_rows(is_cut="cut" in request.POST)
        if first is None:
            return refused(form, "file")
        return render(request, "admin/campaigns/contactimport/first_rows.html", {"first": first})


def refused(form, *fields: str) -> JsonResponse:
    """What is wrong with the form, or with these of its fields."""
    errors = {name: form.errors[name] for name in fields or form.errors}
    return JsonResponse({"errors": errors})  # browsers would call another status an error of theirs
