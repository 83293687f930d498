from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from accounts.scoped_admin import BigTableAdmin, ReadOnlyAdmin, ScopedAdmin
from campaigns.models import Contact, ErasedAddress


class ErasureAdmin(admin.ModelAdmin):
    """A page that asks, and then erases a contact. Who may delete contacts may erase them."""

    def get_urls(self):
        view = self.admin_site.admin_view(self.erase_view)
        name = "campaigns_contact_erase"
        return [path("<int:contact_id>/erase/", view, name=name), *super().get_urls()]

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and not (obj and obj.erased_at)

    def erase_view(self, request, contact_id):
        contact = self.get_object(request, str(contact_id))
        if contact is None:
            raise Http404
        if not self.has_delete_permission(request, contact):
            raise PermissionDenied
        if request.method == "POST":
            return self.erase(request, contact)
        same = Contact.objects.filter(email_key=contact.email_key)
        team = contact.group.campaign.team
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Erase the person?",
            "contact": contact,
            "team": team,
            "number": same.filter(group__campaign__team=team).count(),
        }
        return TemplateResponse(request, "admin/campaigns/contact/erase.html", context)

    def erase(self, request, contact):
        if not contact.erased_at:
            try:
                contact.erase()
            except Contact.DoesNotExist:
                raise Http404 from None
            self.log_change(request, contact, "Erased.")
        self.message_user(request, "The person is erased, and the counts stay.", messages.SUCCESS)
        page = reverse("admin:campaigns_contact_change", args=[contact.pk])
        return HttpResponseRedirect(page)


@admin.register(ErasedAddress)
class ErasedAddressAdmin(ReadOnlyAdmin, BigTableAdmin):
    """Only hashes are kept. Who deletes one lets its address be added again."""

    team_path = "team_id"
    list_display = ["__str__", "team", "erased_at"]
    list_select_related = ["team"]
    fields = ["team", "erased_at"]
    search_fields = ["hash"]  # makes the box appear
    search_help_text = "A whole e-mail address: is it erased?"

    def get_search_results(self, request, queryset, search_term):
        return (queryset.about(search_term) if search_term.strip() else queryset), False

    def has_delete_permission(self, request, obj=None):
        return ScopedAdmin.has_delete_permission(self, request, obj)
