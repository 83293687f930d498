from django.contrib import admin

from accounts.scoped_admin import BigTableAdmin, ReadOnlyAdmin
from campaigns.admin.lists import OwnCampaignFilter
from tracking.models import CampaignDecision


@admin.register(CampaignDecision)
class CampaignDecisionAdmin(ReadOnlyAdmin, BigTableAdmin):
    """Which group somebody chose, and on what figures."""

    list_display = ["at", "campaign", "group_name", "by", "remark"]
    list_select_related = ["campaign"]
    list_filter = [OwnCampaignFilter]
