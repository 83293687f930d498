"""The pages of campaigns, groups, contacts and pixels, with what is known of their openings.

`campaigns` knows nothing of openings, so its pages are taken up and completed here.
"""

from django.contrib import admin
from django.db.models import Sum
from django.template.loader import render_to_string

from campaigns import admin as pages
from campaigns.admin import campaign_verbs
from campaigns.models import Campaign, Contact, Group, Pixel
from tracking.admin.campaign_decision import Decide
from tracking.admin.campaign_export import Export
from tracking.admin.campaign_panel import CampaignPanelPages
from tracking.models import ContactOpenings, Opening, OpeningCount
from tracking.panels.words import times
from tracking.statistics import statistics_of

admin.site.unregister([Campaign, Group, Contact, Pixel])


def is_anonymous(campaign) -> bool:
    return campaign.tracking == Campaign.Tracking.ANONYMOUS


def openings_of(groups) -> int:
    counts = OpeningCount.objects.filter(group__in=groups).order_by()
    return counts.aggregate(sum=Sum("openings"))["sum"] or 0


class Close(campaign_verbs.Close):
    def context(self):
        told = statistics_of(self.campaign)
        openings, later = told["openings"]["total"], told["contacts"] - told["due"]
        return super().context() | {
            "openings": openings and times(openings, "opening"),
            "later": later > 0 and times(later, "contact"),
        }


@admin.register(Campaign)
class CampaignAdmin(CampaignPanelPages, pages.CampaignAdmin):
    verbs = (Export, Decide, campaign_verbs.Duplicate, campaign_verbs.Reopen, Close)

    def losses(self, rows):
        groups = Group.objects.filter(campaign__in=rows)
        return super().losses(rows) | {"openings": openings_of(groups)}


@admin.register(Group)
class GroupAdmin(pages.GroupAdmin):
    def losses(self, rows):
        return super().losses(rows) | {"openings": openings_of(rows)}


@admin.register(Contact)
class ContactAdmin(pages.ContactAdmin):
    list_display = [*pages.ContactAdmin.list_display, "mail_opens", "last_opened"]
    list_select_related = [*pages.ContactAdmin.list_select_related, "opened"]
    readonly_fields = [*pages.ContactAdmin.readonly_fields, "known_openings"]

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        return [("Openings", {"fields": ["known_openings"]}), *fieldsets] if obj else fieldsets

    @admin.display(description="mail opens")
    def mail_opens(self, contact):
        known = getattr(contact, "opened", None)
        if known is None:
            return None if is_anonymous(contact.group.campaign) else 0
        return known.mail_opens

    @admin.display(description="last opened")
    def last_opened(self, contact):
        known = getattr(contact, "opened", None)
        return known and known.last_at

    @admin.display(description="what is known")
    def known_openings(self, contact):
        known = getattr(contact, "opened", None)
        if known is None and is_anonymous(contact.group.campaign):
            return "The campaign is anonymous: who opened is not known."
        if known is None:
            return "Not opened yet."
        zone = contact.group.campaign.time_zone
        return render_to_string(
            "admin/campaigns/contact/openings.html", {"known": known, "zone": zone}
        )

    def losses(self, rows):
        known = ContactOpenings.objects.filter(contact__in=rows)
        openings = known.aggregate(number=Sum("openings"))["number"] or 0
        return super().losses(rows) | {"openings": openings}


@admin.register(Pixel)
class PixelAdmin(pages.PixelAdmin):
    def get_deleted_objects(self, objs, request):
        """A pixel that was opened stays, until its contact goes."""
        *what, protected = super().get_deleted_objects(objs, request)
        openings = Opening.objects.filter(pixel__in=objs).count()
        if openings:
            reason = f"{openings:,} openings, which can only be deleted together with the contact"
            protected = [reason]
        return *what, protected
