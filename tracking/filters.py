from django_filters import rest_framework as filters

from accounts.filters import IdFilter, since, until
from campaigns.filters import CampaignFilter
from tracking.models import Opening, OpeningChange


class OpeningFilterSet(filters.FilterSet):
    campaign = CampaignFilter("group")
    group = IdFilter()
    contact = IdFilter()
    pixel = IdFilter()
    opened_since = since("opened_at")
    opened_until = until("opened_at")
    client = filters.CharFilter("user_agent__client")

    class Meta:
        model = Opening
        fields = (
            "campaign",
            "group",
            "contact",
            "pixel",
            "event_id",
            "verdict",
            "begins_mail_open",
            "client",
        )


class OpeningChangeFilterSet(filters.FilterSet):
    campaign = CampaignFilter("group")
    group = IdFilter()
    since = since("at")
    until = until("at")

    class Meta:
        model = OpeningChange
        fields = ("campaign", "group", "event_id", "action")
