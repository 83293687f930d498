from django.core.exceptions import ObjectDoesNotExist
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.utils import get_md5_hash_password

from accounts.models import TokenFamily, User

# What SimpleJWT lets through when a token is signed and its claims are odd all the same.
ODD_CLAIMS = (AttributeError, KeyError, ObjectDoesNotExist, OverflowError, TypeError, ValueError)
ADVICE = "The token is not valid, or has run out. Get another one at /api/token/."


def read_token(token_class, text):
    """The token, valid at this moment, or TokenError."""
    try:
        return token_class(text)
    except ODD_CLAIMS:
        raise TokenError("Token is invalid") from None


class TokenAuthentication(JWTAuthentication):
    """`Authorization: Bearer …`. Whatever is wrong with the token, the answer is 401."""

    def get_validated_token(self, raw_token):
        try:
            return super().get_validated_token(raw_token)
        except (InvalidToken, *ODD_CLAIMS):
            raise InvalidToken(ADVICE) from None

    def get_user(self, token):
        """The user, whose login must not have ended: SimpleJWT's rules, and the token's family.

        One query for both, as this happens with every request.
        """
        try:
            users = User.objects.annotate(stays=TokenFamily.objects.having(token))
            user = users.filter(pk=token[api_settings.USER_ID_CLAIM]).first()
        except ODD_CLAIMS:
            raise InvalidToken(ADVICE) from None
        if user is None:
            raise AuthenticationFailed("User not found", code="user_not_found")
        if not user.is_active:
            raise AuthenticationFailed("User is inactive", code="user_inactive")
        if token.get(api_settings.REVOKE_TOKEN_CLAIM) != get_md5_hash_password(user.password):
            raise AuthenticationFailed(
                "The user's password has been changed.", code="password_changed"
            )
        if not user.stays:
            raise InvalidToken(ADVICE)
        return user


class TokenScheme(SimpleJWTScheme):
    """Names the scheme in the API's schema."""

    target_class = TokenAuthentication
