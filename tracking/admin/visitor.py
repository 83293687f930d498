"""Visitors of pages, who can be erased. They belong to no team, as pages don't."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path

from accounts.scoped_admin import BigTableAdmin, NamelessHistory, ReadOnlyAdmin
from tracking.admin.named import NamedAdmin
from tracking.models import ErasedVisitor, PageView, Visitor

VIEWS_SHOWN = 50


@admin.register(Visitor)
class VisitorAdmin(NamelessHistory, NamedAdmin):
    """Who may delete visitors may erase them; deleted they are never, for they are counted."""

    list_display = ["__str__", "erased_at"]
    fields = readonly_fields = ["user_id", "erased_at", "latest_views"]
    search_fields = ["user_id"]  # makes the box appear
    search_help_text = "A whole user_id."

    @admin.display(description="latest views")
    def latest_views(self, visitor):
        views = PageView.objects.filter(visitor=visitor).prefetch_related("page").order_by("-pk")
        context = {"views": views[:VIEWS_SHOWN], "most": VIEWS_SHOWN}
        return render_to_string("admin/tracking/visitor/views.html", context)

    # -- Erasing them ------------------------------------------------------------------------------
    def get_urls(self):
        view = self.admin_site.admin_view(self.erase_view)
        name = "tracking_visitor_erase"
        return [path("<int:visitor_id>/erase/", view, name=name), *super().get_urls()]

    def may_erase(self, request) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request)

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        context["may_erase"] = self.may_erase(request) and not obj.erased_at
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def erase_view(self, request, visitor_id):
        visitor = self.get_object(request, str(visitor_id))
        if visitor is None:
            raise Http404
        if not self.may_erase(request):
            raise PermissionDenied
        if request.method == "POST":
            return self.erase(request, visitor)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Erase the visitor?",
            "visitor": visitor,
        }
        return TemplateResponse(request, "admin/tracking/visitor/erase.html", context)

    def erase(self, request, visitor):
        if not visitor.erased_at:
            visitor.erase()
            self.log_change(request, visitor, "Erased.")
        self.message_user(request, "The visitor is erased, and the figures stay.", messages.SUCCESS)
        return HttpResponseRedirect(self.page_of(visitor.pk))


@admin.register(ErasedVisitor)
class ErasedVisitorAdmin(ReadOnlyAdmin, BigTableAdmin):
    """Only hashes are kept. Who deletes one lets its visitor be counted again."""

    list_display = ["__str__", "erased_at"]
    fields = ["erased_at"]
    search_fields = ["hash"]  # makes the box appear
    search_help_text = "A whole user_id: is it erased?"

    def scope(self, rows, user):
        return rows

    def get_search_results(self, request, queryset, search_term):
        return (queryset.about(search_term) if search_term else queryset), False

    def has_delete_permission(self, request, obj=None):
        return admin.ModelAdmin.has_delete_permission(self, request, obj)
