"""The pages of campaigns, groups and pixels, with what is known of their openings.

`campaigns` knows nothing of openings, so its pages are taken up and completed here.
"""

from django.contrib import admin
from django.utils import timezone

from campaigns import admin as pages
from campaigns.admin import campaign_verbs
from campaigns.models import Campaign, Group, Pixel
from tracking.admin.campaign_decision import Decide
from tracking.admin.campaign_export import Export
from tracking.admin.campaign_panel import CampaignPanelPages
from tracking.models import Opening
from tracking.panels.words import times
from tracking.statistics import openings_in, statistics_of, summaries_of

admin.site.unregister([Campaign, Group, Pixel])


class Close(campaign_verbs.Close):
    @classmethod
    def consequences(cls, campaigns):
        told = {}
        for pk, summary in summaries_of(campaigns, 1, timezone.now()).items():
            later = summary.contacts - summary.due
            told[pk] = times(summary.contacts, "contact")
            told[pk] += f", {later:,} of them scheduled for later" if later > 0 else ""
        return told

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
        groups = Group.objects.filter(campaign__in=rows).values_list("pk", flat=True)
        return super().losses(rows) | {"openings": openings_in(groups)}


@admin.register(Group)
class GroupAdmin(pages.GroupAdmin):
    def losses(self, rows):
        return super().losses(rows) | {"openings": openings_in([group.pk for group in rows])}


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
