from rest_framework import serializers

from tracking.models import ErasedVisitor, Opening
from tracking.models.page_view import NAME_LENGTH
from tracking.page_views.reply import Refused
from tracking.page_views.track import read_name


class OpeningSerializer(serializers.ModelSerializer):
    """An anonymous opening has neither pixel nor contact nor anything of the reader: they are
    null, the network and its label empty. One of an erased person has nothing of the reader."""

    user_agent = serializers.CharField(source="user_agent.text", read_only=True, allow_null=True)
    client = serializers.CharField(source="user_agent.client", read_only=True, allow_null=True)
    os = serializers.CharField(source="user_agent.os", read_only=True, allow_null=True)
    device = serializers.CharField(source="user_agent.device", read_only=True, allow_null=True)

    class Meta:
        model = Opening
        fields = (
            "id",
            "event_id",
            "pixel",
            "contact",
            "group",
            "opened_at",
            "recorded_at",
            "begins_mail_open",
            "verdict",
            "reason",
            "rules_date",
            "user_agent",
            "client",
            "os",
            "device",
            "network",
            "network_label",
        )
        read_only_fields = fields


def check_user_id(text: str):
    """By the rules for those that pages send."""
    try:
        read_name({"user_id": text}, "user_id")
    except Refused as refused:
        raise serializers.ValidationError(refused.detail, refused.code) from None


class ErasedVisitorSerializer(serializers.ModelSerializer):
    user_id = serializers.CharField(
        write_only=True,
        max_length=NAME_LENGTH,
        trim_whitespace=False,
        validators=[check_user_id],
        help_text="As the pages send it. It is kept as a keyed hash only.",
    )

    class Meta:
        model = ErasedVisitor
        fields = ("id", "user_id", "erased_at")
        read_only_fields = ("id", "erased_at")
