"""Filters for lists of any app."""

from datetime import UTC

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField


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
