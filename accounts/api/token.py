"""JSON Web Tokens: log in, refresh, verify, log out."""

from rest_framework import serializers
from rest_framework_simplejwt import views
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from accounts.authentication import ODD_CLAIMS, TokenAuthentication, read_token
from accounts.models import TokenFamily
from accounts.token_family import CLAIM


class TokenSerializer(TokenObtainPairSerializer):
    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)

    @classmethod
    def get_token(cls, user):
        return TokenFamily.objects.start(user)


class RefreshSerializer(serializers.Serializer):
    refresh = serializers.CharField()
    access = serializers.CharField(read_only=True)

    def validate(self, attrs):
        token = read_token(RefreshToken, attrs["refresh"])
        user = TokenAuthentication().get_user(token)
        fresh = TokenFamily.objects.rotate(token, user)
        return {"access": str(fresh.access_token), "refresh": str(fresh)}


class VerifySerializer(serializers.Serializer):
    token = serializers.CharField(write_only=True)

    def validate(self, attrs):
        try:
            token = read_token(AccessToken, attrs["token"])
            TokenAuthentication().get_user(token)
        except TokenError:
            token = read_token(RefreshToken, attrs["token"])
            TokenAuthentication().get_user(token)
            if not TokenFamily.objects.current(token).exists():
                raise TokenError("Token is used up") from None
        return {}


class LogoutSerializer(serializers.Serializer):
    refresh = serializers.CharField(write_only=True)

    def validate(self, attrs):
        token = read_token(RefreshToken, attrs["refresh"])
        # Whatever has become of the user: whoever is locked out logs out all the same.
        try:
            family = TokenFamily.objects.get(pk=token[CLAIM])
        except ODD_CLAIMS:
            raise TokenError("The login of this token has ended before.") from None
        family.delete()
        return {}


class TokenView(views.TokenObtainPairView):
    """Log in with a username, or an e-mail address in its place.

    After too many failures the answer is 429, and Retry-After says for how many seconds.
    """

    serializer_class = TokenSerializer


class RefreshView(views.TokenRefreshView):
    """Change a refresh token for a new pair. The old one is used up.

    Whoever uses a refresh token twice ends the login that it came from, with all of its tokens:
    one of the two may have stolen it.
    """

    serializer_class = RefreshSerializer


class VerifyView(views.TokenVerifyView):
    """Whether a token would be taken at this moment: 200, or 401."""

    serializer_class = VerifySerializer


class LogoutView(views.TokenBlacklistView):
    """End the login that a refresh token came from, with all of its tokens."""

    serializer_class = LogoutSerializer
