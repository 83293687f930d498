from copy import copy

from django.core.exceptions import ValidationError
from django.db import models, transaction
from rest_framework import serializers

from accounts.models import Team
from accounts.scope import ScopedField
from campaigns.fields import name_key
from campaigns.models import Campaign, Contact, Group, Pixel

YEARS = range(1970, 3000)  # beyond them, converting a time to a time zone can fail


class TimeField(serializers.DateTimeField):
    default_error_messages = {"year": f"Give a time from {YEARS[0]} to {YEARS[-1]}."}

    def to_internal_value(self, value):
        moment = super().to_internal_value(value)
        if moment.year not in YEARS:
            self.fail("year")
        return moment


class RowSerializer(serializers.ModelSerializer):
    """Validates as the admin does: by the model's own `clean` and constraints."""

    unique_field: str  # what to change when a row breaks a unique constraint
    fixed_field: str  # what a row belongs to, once and for all
    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {
        models.DateTimeField: TimeField
    }

    def validate(self, attrs):
        self.refuse_move(attrs)
        row = self.with_attrs(attrs)
        row.clean()
        attrs.update({name: getattr(row, name) for name in attrs if hasattr(row, name)})
        try:
            row.validate_constraints()
        except ValidationError as error:
            raise serializers.ValidationError(
                {self.unique_field: error.messages}, code="unique"
            ) from None
        return attrs

    def refuse_move(self, attrs):
        name = self.fixed_field
        if self.instance and name in attrs and attrs[name] != getattr(self.instance, name):
            kind = self.Meta.model._meta.verbose_name
            raise serializers.ValidationError(
                {name: f"A {kind} stays where it was made, with its openings. Make another one."},
                code="immutable",
            )

    def with_attrs(self, attrs) -> models.Model:
        row = copy(self.instance) if self.instance else self.Meta.model()
        for name, value in attrs.items():
            setattr(row, name, value)
        return row


class CampaignSerializer(RowSerializer):
    unique_field = "name"
    fixed_field = "team"

    team = ScopedField(
        queryset=Team.objects.all(), required=False, help_text="Your own team, unless you say."
    )
    group_names = serializers.ListField(
        child=serializers.CharField(max_length=200),
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
            attrs["team"] = self.context["request"].user.ensure_own_team()
        return super().validate(attrs)

    def create(self, validated_data):
        return Campaign.objects.start(**validated_data)


class GroupSerializer(RowSerializer):
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


class PixelSerializer(RowSerializer):
    unique_field = "number"
    fixed_field = "contact"
    MOST = 100

    contact = ScopedField(
        queryset=Contact.objects.all(),
        style={"base_template": "input.html"},  # a list of a million contacts helps nobody
    )
    number = serializers.IntegerField(
        min_value=1,
        max_value=MOST,
        required=False,
        help_text="1: top of the mail. The next free number, unless you say.",
    )
    url = serializers.URLField(read_only=True)
    html = serializers.CharField(read_only=True, help_text="To paste into the mail.")

    class Meta:
        model = Pixel
        fields = ("id", "contact", "number", "uuid", "url", "html")
        read_only_fields = ("uuid",)
        validators = []

    def validate(self, attrs):
        if not self.instance and "number" not in attrs:
            last = attrs["contact"].pixels.aggregate(last=models.Max("number"))["last"] or 0
            if last >= self.MOST:
                raise serializers.ValidationError(
                    {"number": f"The contact has pixel {self.MOST} already. Name a free number."},
                    code="max_value",
                )
            attrs["number"] = last + 1
        return super().validate(attrs)


class ContactSerializer(RowSerializer):
    unique_field = "email"
    fixed_field = "group"

    group = ScopedField(queryset=Group.objects.select_related("campaign"))
    pixels = PixelSerializer(many=True, read_only=True)

    class Meta:
        model = Contact
        fields = (
            "id",
            "group",
            "email",
            "name",
            "external_id",
            "scheduled_at",
            "sent_at",
            "created_at",
            "pixels",
        )
        validators = []

    def create(self, validated_data):
        return Contact.objects.schedule(**validated_data)
