from copy import copy

from django.core.exceptions import ValidationError
from django.db import models
from rest_framework import serializers

from accounts.serializers.time import TimeField
from campaigns import fields
from campaigns.serializers.address import AddressField


class RowSerializer(serializers.ModelSerializer):
    """Validates as the admin does: by the model's own `clean` and constraints."""

    unique_field: str  # what to change when a row breaks a unique constraint
    fixed_field: str  # what a row belongs to, once and for all
    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {
        models.DateTimeField: TimeField,
        fields.AddressField: AddressField,
    }

    def validate(self, attrs):
        self.refuse_move(attrs)
        row = self.with_attrs(attrs)
        self.clean_row(row)
        attrs.update({name: getattr(row, name) for name in attrs if hasattr(row, name)})
        self.refuse_twin(row)
        return attrs

    def clean_row(self, row):
        row.clean()

    def refuse_twin(self, row):
        try:
            row.validate_constraints()
        except ValidationError as error:
            raise serializers.ValidationError(
                {self.unique_field: error.messages}, code="unique"
            ) from None

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
