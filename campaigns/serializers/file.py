"""What may be asked for in the query of a file."""

from rest_framework import serializers

from accounts.scope import ScopedField
from campaigns.models import Group


class GroupOptionSerializer(serializers.Serializer):
    group = ScopedField(
        queryset=Group.objects.all(), required=False, help_text="One group of the campaign only."
    )


class CsvOptionsSerializer(serializers.Serializer):
    safe = serializers.BooleanField(
        default=True,
        help_text="Put ' before a cell that a spreadsheet would run as a formula. Numbers, and the"
        " addresses that mail is sent to, stay as they are. `false` for programs.",
    )
    bom = serializers.BooleanField(
        default=False, help_text="Begin with a byte order mark, by which Excel knows UTF-8."
    )


class RejectedOptionsSerializer(serializers.Serializer):
    reasons = serializers.BooleanField(
        default=False,
        help_text="Add `rejected_line` and `rejected_because`. Imports pass over these columns.",
    )
