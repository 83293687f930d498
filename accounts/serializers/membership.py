from rest_framework import serializers

from accounts.models import Membership


class MembershipSerializer(serializers.ModelSerializer):
    """Names a user to those who share a team with them, and to nobody else."""

    username = serializers.CharField(source="user.username", read_only=True)
    email = serializers.EmailField(source="user.email", read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "team", "user", "username", "email", "role", "created_at")
        read_only_fields = ("team", "user")
        extra_kwargs = {"role": {"required": True}}  # it is all that one can change

    def update(self, membership, validated_data):
        if "role" in validated_data:
            membership.change_role(validated_data["role"])
        return membership
