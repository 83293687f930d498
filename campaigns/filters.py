from datetime import UTC

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField

from campaigns.models import Campaign, Contact, Group, Pixel, Removal
from campaigns.models.contact import address_key


class IdFilter(filters.NumberFilter):
    """Rows by the id of what they belong to. An id of another team's finds nothing."""

    field_class = forms.IntegerField

    def __init__(self, *args, **kwargs):
        super().__init__(*args, min_value=1, max_value=models.BigIntegerField.MAX_BIGINT, **kwargs)


class CampaignFilter(IdFilter):
    """Rows of one campaign, by its groups (see `GroupScopedQuerySet.of`)."""

    def filter(self, rows, campaign):
        if not campaign:
            return rows
        groups = Group.objects.filter(campaign=campaign).values_list("pk", flat=True)
        return rows.filter(**{f"{self.field_name}__in": list(groups)})


class MomentField(IsoDateTimeField):
    def clean(self, value):
        moment = super().clean(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class MomentFilter(filters.IsoDateTimeFilter):
    field_class = MomentField


def since(field_name):
    return MomentFilter(field_name, "gte", help_text="From this moment on.")


def until(field_name):
    return MomentFilter(field_name, "lt", help_text="Before this moment.")


class CampaignFilterSet(filters.FilterSet):
    team = IdFilter()
    closed = filters.BooleanFilter("closed_at", "isnull", exclude=True)
    created_since = since("created_at")
    created_until = until("created_at")

    class Meta:
        model = Campaign
        fields = ("team", "tracking", "closed")


class GroupFilterSet(filters.FilterSet):
    campaign = IdFilter()

    class Meta:
        model = Group
        fields = ("campaign", "is_control")


class ContactFilterSet(filters.FilterSet):
    campaign = CampaignFilter("group")
    group = IdFilter()
    email = filters.CharFilter(method="by_address", help_text="The whole address, in any case.")
    scheduled_since = since("scheduled_at")
    scheduled_until = until("scheduled_at")
    sent_since = since("sent_at")
    sent_until = until("sent_at")

    class Meta:
        model = Contact
        fields = ("campaign", "group", "email", "external_id")

    def by_address(self, contacts, name, value: str):
        return contacts.filter(email_key=address_key(value))


class PixelFilterSet(filters.FilterSet):
    campaign = CampaignFilter("contact__group")
    group = IdFilter("contact__group")
    contact = IdFilter()

    class Meta:
        model = Pixel
        fields = ("campaign", "group", "contact", "number", "uuid")


class RemovalFilterSet(filters.FilterSet):
    team = IdFilter()
    requested_since = since("requested_at")
    requested_until = until("requested_at")

    class Meta:
        model = Removal
        fields = ("team", "kind", "state")
