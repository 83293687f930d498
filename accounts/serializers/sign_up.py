from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from rest_framework import serializers
from rest_framework.fields import get_error_detail

from accounts.address import address_key
from accounts.models import Invitation, Refusal, User


class SignUpSerializer(serializers.ModelSerializer):
    """A new account. The invitation comes first: without one, nothing is told of other accounts."""

    password = serializers.CharField(
        write_only=True,
        max_length=1024,
        trim_whitespace=False,
        style={"input_type": "password"},
    )
    invitation = serializers.CharField(
        write_only=True,
        required=False,
        max_length=200,
        help_text="The token of an invitation for this address. It is accepted at once.",
    )

    class Meta:
        model = User
        fields = ("id", "username", "email", "password", "invitation")
        # Checked in validate(), after the invitation.
        extra_kwargs = {"username": {"validators": []}, "email": {"validators": []}}

    def validate(self, attrs):
        token = attrs.pop("invitation", None)
        # Normal forms may be longer, or have other characters in them: before all checks.
        attrs["username"] = User.normalize_username(attrs["username"])
        attrs["email"] = address_key(attrs["email"])
        attrs["invitation"] = self.invitation_for(attrs["email"], token)
        user = User(username=attrs["username"], email=attrs["email"])
        self.check(user, attrs["password"])
        return attrs

    def invitation_for(self, email: str, token: str | None) -> Invitation | None:
        if token is None:
            if settings.API_SIGN_UP == "invited":
                raise serializers.ValidationError(
                    {"invitation": "To sign up here, one needs an invitation to a team."},
                    code="required",
                )
            return None
        invitation = Invitation.objects.for_address(token, email)
        if invitation is None:
            raise serializers.ValidationError(
                {"invitation": "This is no invitation for that e-mail address."},
                code="no_invitation",
            )
        try:
            invitation.refuse_unless_pending()
        except Refusal as refusal:
            raise serializers.ValidationError(
                {"invitation": str(refusal)}, code=refusal.code
            ) from None
        return invitation

    def check(self, user: User, password: str):
        """By the model's own rules and Django's for passwords; all that is wrong at once."""
        errors = {}
        try:
            user.full_clean(exclude=["password"])
        except ValidationError as error:
            errors |= get_error_detail(error)
        try:
            validate_password(password, user)
        except ValidationError as error:
            errors["password"] = get_error_detail(error)
        if errors:
            raise serializers.ValidationError(errors)

    @transaction.atomic
    def create(self, validated_data):
        invitation = validated_data.pop("invitation")
        user = User.objects.create_user(**validated_data)
        if invitation:
            invitation.accept(user)
        return user
