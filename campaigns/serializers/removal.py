from rest_framework import serializers

from campaigns.models import Removal


class RemovalSerializer(serializers.ModelSerializer):
    percent = serializers.IntegerField(
        min_value=0, max_value=100, read_only=True, help_text="100 when all is done."
    )

    class Meta:
        model = Removal
        fields = (
            "id",
            "team",
            "kind",
            "name",
            "state",
            "percent",
            "contacts_total",
            "contacts_removed",
            "openings_total",
            "openings_removed",
            "requested_by",
            "requested_at",
            "finished_at",
        )
        read_only_fields = fields
