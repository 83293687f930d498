from django.utils import timezone
from rest_framework import serializers

from accounts.fields import validate_visible
from accounts.models import ApiKey, Team
from accounts.scope import ScopedField
from accounts.serializers.time import TimeField


class ApiKeySerializer(serializers.ModelSerializer):
    team = ScopedField(queryset=Team.objects.all())
    expires_at = TimeField(
        required=False, allow_null=True, help_text="When it ends by itself: never, unless you say."
    )

    class Meta:
        model = ApiKey
        fields = (
            "id",
            "team",
            "name",
            "role",
            "prefix",
            "made_by",
            "created_at",
            "expires_at",
            "last_used_at",
            "revoked_at",
        )
        read_only_fields = ("prefix", "made_by", "last_used_at", "revoked_at")
        extra_kwargs = {"name": {"validators": [validate_visible]}}

    def validate_expires_at(self, moment):
        if moment and moment <= timezone.now():
            raise serializers.ValidationError("Give a time to come, or none.", code="past")
        return moment

    def create(self, validated_data):
        return ApiKey.objects.issue(**validated_data)


class NewApiKeySerializer(ApiKeySerializer):
    """A key with the whole text of it, which is told this once and kept nowhere."""

    key = serializers.CharField(
        read_only=True, help_text="Send it as `Authorization: Api-Key …`. It is told this once."
    )

    class Meta(ApiKeySerializer.Meta):
        fields = (*ApiKeySerializer.Meta.fields, "key")
