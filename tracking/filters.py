from django_filters import rest_framework as filters

from accounts.filters import IdFilter, since, until
from campaigns.filters import CampaignFilter, GroupFilter
from tracking.models import ErasedVisitor, Opening, OpeningChange


class OpeningFilterSet(filters.FilterSet):
    campaign = CampaignFilter("group")
    group = GroupFilter("group")
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
    group = GroupFilter("group")
    since = since("at")
    until = until("at")

    class Meta:
        model = OpeningChange
        fields = ("campaign", "group", "event_id", "action")


class ErasedVisitorFilterSet(filters.FilterSet):
    user_id = filters.CharFilter(
        method="by_user_id", strip=False, help_text="The whole user_id: is it erased?"
    )
    erased_since = since("erased_at")
    erased_until = until("erased_at")

    class Meta:
        model = ErasedVisitor
        fields = ("user_id",)

    def by_user_id(self, erased, name, value: str):
        return erased.about(value)
