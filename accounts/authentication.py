from django.core.exceptions import ObjectDoesNotExist
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError

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
        try:
            return super().get_user(token)
        except ODD_CLAIMS:
            raise InvalidToken(ADVICE) from None


class TokenScheme(SimpleJWTScheme):
    """Names the scheme in the API's schema."""

    target_class = TokenAuthentication
