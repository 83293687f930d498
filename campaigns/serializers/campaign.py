from django.db import transaction
from rest_framework import serializers

from accounts.fields import validate_visible
from accounts.models import Team
from accounts.scope import ScopedField
from campaigns.fields import name_key
from campaigns.models import Campaign, Group
from campaigns.serializers.row import RowSerializer


class SentFieldsSerializer(RowSerializer):
    """A change writes what was sent, and leaves alone what somebody else changes meanwhile."""

    def update(self, row, validated_data):
        for name, value in validated_data.items():
            setattr(row, name, value)
        row.save(update_fields=list(validated_data))
        return row


class CampaignSerializer(SentFieldsSerializer):
    unique_field = "name"
    fixed_field = "team"

    team = ScopedField(
        queryset=Team.objects.all(),
        required=False,
        help_text="Your own team, or the team of your API key, unless you say.",
    )
    group_names = serializers.ListField(
        child=serializers.CharField(max_length=200, validators=[validate_visible]),
        min_length=1,
        max_length=20,
        write_only=True,
        required=False,
        help_text="The groups to make the campaign with; the first of several is the control.",
    )

    class Meta:
        model = Campaign
        fields = (
            "id",
            "team",
            "name",
            "time_zone",
            "pixels_per_contact",
            "tracking",
            "closed_at",
            "created_at",
            "group_names",
        )
        validators = []  # see RowSerializer

    def validate_group_names(self, names):
        if self.instance:
            raise serializers.ValidationError(
                "Groups of an existing campaign are added at /api/groups/.", code="immutable"
            )
        if len({name_key(name) for name in names}) < len(names):
            raise serializers.ValidationError("Each group needs a name of its own.", code="unique")
        return names

    def validate(self, attrs):
        if not self.instance and "team" not in attrs:
            attrs["team"] = self.context["request"].user.default_team()
        return super().validate(attrs)

    def create(self, validated_data):
        return Campaign.objects.start(**validated_data)


class GroupSerializer(SentFieldsSerializer):
    unique_field = "name"
    fixed_field = "campaign"

    campaign = ScopedField(queryset=Campaign.objects.all())

    class Meta:
        model = Group
        fields = ("id", "campaign", "name", "is_control", "created_at")
        validators = []

    @transaction.atomic
    def create(self, validated_data):
        control = validated_data.pop("is_control", False)
        group = super().create(validated_data)
        if control:
            group.make_control()
        return group

    @transaction.atomic
    def update(self, group, validated_data):
        if validated_data.get("is_control") and not group.is_control:
            del validated_data["is_control"]
            group.make_control()
        return super().update(group, validated_data)
