from rest_framework import serializers

from accounts.models import Invitation, Team
from accounts.scope import ScopedField


class InvitationSerializer(serializers.ModelSerializer):
    team = ScopedField(queryset=Team.objects.all())
    status = serializers.ChoiceField(choices=Invitation.Status, read_only=True)

    class Meta:
        model = Invitation
        fields = (
            "id",
            "team",
            "email",
            "role",
            "status",
            "invited_by",
            "created_at",
            "expires_at",
            "accepted_at",
            "revoked_at",
        )
        read_only_fields = ("invited_by", "expires_at", "accepted_at", "revoked_at")

    def validate_email(self, address):
        """As it is kept: in lower case, which may be longer."""
        return Invitation._meta.get_field("email").clean(address, None)

    def create(self, validated_data):
        return Invitation.objects.invite(**validated_data)


class NewInvitationSerializer(InvitationSerializer):
    """An invitation with its token, which is told this once and kept nowhere."""

    token = serializers.CharField(
        read_only=True, help_text="Pass it on to the invited person. It is told this once."
    )

    class Meta(InvitationSerializer.Meta):
        fields = (*InvitationSerializer.Meta.fields, "token")


class AcceptSerializer(serializers.Serializer):
    token = serializers.CharField(max_length=200, help_text="From whoever invited you.")
