from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from accounts.scoped_admin import BigTableAdmin, ReadOnlyAdmin
from campaigns.admin.lists import AddressSearch, CampaignFilter, number_or_none, uuid_or_none
from campaigns.models import Contact
from campaigns.templatetags.breakable import breakable
from tracking.models import (
    ArchivedBreakdown,
    ArchivedOpeningCount,
    ContactOpenings,
    Opening,
    OpeningBreakdown,
    OpeningChange,
    OpeningCount,
    UserAgent,
)


@admin.register(Opening)
class OpeningAdmin(ReadOnlyAdmin, AddressSearch, BigTableAdmin):
    class Media:
        css = {"all": ["tracking/openings.css"]}

    list_display = ["opened_at", "addressee", "arm", "pixel_number", "who", "client", "mail_open"]
    list_select_related = ["contact", "group__campaign", "pixel", "user_agent"]
    list_filter = [CampaignFilter]  # by verdict there is no index to find them
    search_help_text = "How the contact's e-mail address begins, or the event id."
    contact_path = "contact"

    def get_queryset(self, request):
        """Where a contact is named, whether one may see it is asked first, and then its openings
        are read. Given the ids of all one's groups, SQLite would walk through these instead."""
        contact = number_or_none(request.GET.get("contact__id__exact"))
        if contact is None:
            return super().get_queryset(request)
        seen = Contact.objects.of(request.user).filter(pk=contact).exists()
        return Opening.objects.filter(contact=contact) if seen else Opening.objects.none()

    def get_search_results(self, request, queryset, search_term):
        if uuid := uuid_or_none(search_term):
            return queryset.filter(event_id=uuid), False
        return super().get_search_results(request, queryset, search_term)

    # Django keeps foreign keys in one line, and columns would be out of sight.
    @admin.display(description="contact")
    def addressee(self, opening):
        return opening.contact and breakable(opening.contact)  # none where anonymous

    @admin.display(description="group")
    def arm(self, opening):
        return str(opening.group)

    @admin.display(description="pixel")
    def pixel_number(self, opening):
        return opening.pixel and opening.pixel.number

    @admin.display(description="verdict")
    def who(self, opening):
        return opening.verdict  # the choice's long label would fill the row

    @admin.display(description="client")
    def client(self, opening):
        return opening.user_agent and opening.user_agent.client  # none where erased or anonymous

    @admin.display(description="mail open", boolean=True)
    def mail_open(self, opening):
        return opening.begins_mail_open


@admin.register(OpeningChange)
class OpeningChangeAdmin(ReadOnlyAdmin, BigTableAdmin):
    """The log of what was changed by the API."""

    list_display = ["at", "action", "by", "group", "event_id"]
    list_select_related = ["group__campaign"]
    list_filter = [CampaignFilter]
    search_fields = ["event_id"]  # makes the box appear
    search_help_text = "The event id of the opening."

    def get_search_results(self, request, queryset, search_term):
        if not search_term:
            return queryset, False
        return queryset.filter(event_id=uuid_or_none(search_term)), False


@admin.register(UserAgent)
class UserAgentAdmin(ReadOnlyAdmin, BigTableAdmin):
    """Shared by all teams: what mail programs say of themselves, not who used them."""

    list_display = ["client", "os", "device", "text"]
    search_fields = ["client__startswith"]
    search_help_text = "How the client's name begins."

    def scope(self, rows, user):
        return rows


@admin.register(ContactOpenings)
class ContactOpeningsAdmin(ReadOnlyAdmin, AddressSearch, BigTableAdmin):
    list_display = ["contact", "group", "mail_opens", "openings", "first_at", "last_at"]
    list_display += ["first_verified_at"]
    list_select_related = ["contact__group__campaign"]
    contact_path = "contact"

    @admin.display(description="group")
    def group(self, row):
        return row.contact.group

    @admin.display(description="openings")
    def openings(self, row):
        page = reverse("admin:tracking_opening_changelist")
        return format_html('<a href="{}?contact__id__exact={}">{}</a>', page, row.pk, row.openings)


@admin.register(OpeningCount, ArchivedOpeningCount)
class OpeningCountAdmin(ReadOnlyAdmin, BigTableAdmin):
    list_display = ["group", "quarter", "who", *OpeningCount.MEASURES]
    list_select_related = ["group__campaign"]
    list_filter = [CampaignFilter, "verdict"]

    @admin.display(description="verdict")
    def who(self, count):
        return count.verdict


@admin.register(OpeningBreakdown, ArchivedBreakdown)
class OpeningBreakdownAdmin(OpeningCountAdmin):
    list_display = ["group", "day", "dimension", "value", "who", *OpeningCount.MEASURES]
    list_filter = [CampaignFilter, "dimension", "verdict"]
