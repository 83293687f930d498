"""Filters for lists: those that any app uses, then those of this app."""

from datetime import UTC

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField

from accounts.models import ApiKey, Invitation, Membership, Team


class IdFilter(filters.NumberFilter):
    """Rows by the id of what they belong to. An id of another team's finds nothing."""

    field_class = forms.IntegerField

    def __init__(self, *args, **kwargs):
        super().__init__(*args, min_value=1, max_value=models.BigIntegerField.MAX_BIGINT, **kwargs)


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


class TeamFilterSet(filters.FilterSet):
    created_since = since("created_at")
    created_until = until("created_at")

    class Meta:
        model = Team
        fields = ()


class MembershipFilterSet(filters.FilterSet):
    team = IdFilter()
    user = IdFilter()

    class Meta:
        model = Membership
        fields = ("team", "user", "role")


class InvitationFilterSet(filters.FilterSet):
    team = IdFilter()
    pending = filters.BooleanFilter(method="by_pending", help_text="Those that can be accepted.")

    class Meta:
        model = Invitation
        fields = ("team", "role", "pending")

    def by_pending(self, invitations, name, value: bool):
        pending = Invitation.objects.pending().values("pk")
        return invitations.filter(pk__in=pending) if value else invitations.exclude(pk__in=pending)


class ApiKeyFilterSet(filters.FilterSet):
    team = IdFilter()
    revoked = filters.BooleanFilter("revoked_at", "isnull", exclude=True)

    class Meta:
        model = ApiKey
        fields = ("team", "role", "revoked")
