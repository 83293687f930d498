from rest_framework import serializers

from accounts.fields import validate_visible
from accounts.models import Team


class TeamSerializer(serializers.ModelSerializer):
    class Meta:
        model = Team
        fields = ("id", "name", "owner", "created_at")
        read_only_fields = ("owner",)
        extra_kwargs = {
            "name": {"validators": [validate_visible]},
            "owner": {"help_text": "The user whose own team this is, if it is somebody's."},
        }

    def create(self, validated_data):
        return Team.objects.start(**validated_data)
