from rest_framework import serializers

from accounts.scope import ScopedField
from campaigns.models import Group
from tracking.models import CampaignDecision
from tracking.statistics_serializers import GroupFiguresSerializer

# What a group was judged by; the rest of the statistics is about when and with what it was opened.
JUDGED_BY = (
    "id",
    "name",
    "is_control",
    "contacts",
    "due",
    "raw",
    "verified",
    "unknown",
    "versus_control",
    "versus_control_raw",
    "shared",
    "schedule_warning",
)


class DecidedGroupSerializer(GroupFiguresSerializer):
    """A group as it stood."""

    def get_fields(self):
        fields = super().get_fields()
        return {name: fields[name] for name in JUDGED_BY}


class DecidedOnSerializer(serializers.Serializer):
    """The figures of all groups, as the statistics had them."""

    as_of = serializers.DateTimeField()
    groups = DecidedGroupSerializer(many=True)


class CampaignDecisionSerializer(serializers.ModelSerializer):
    group = ScopedField(
        queryset=Group.objects.select_related("campaign"),
        help_text="Of this campaign. Null once the group has been deleted.",
    )
    figures = DecidedOnSerializer(read_only=True)

    class Meta:
        model = CampaignDecision
        fields = ("id", "group", "group_name", "at", "by", "remark", "figures")
        read_only_fields = ("id", "group_name", "at", "by")

    def validate_group(self, group):
        if group.campaign_id != self.context["campaign"]:
            raise serializers.ValidationError(
                "The group belongs to another campaign. Choose one of this campaign's groups.",
                "other_campaign",
            )
        return group


def figures_of(statistics: dict) -> dict:
    """What is kept of statistics with a decision."""
    groups = [{name: group[name] for name in JUDGED_BY} for group in statistics["groups"]]
    return {"as_of": statistics["as_of"], "groups": groups}
