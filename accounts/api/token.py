"""JSON Web Tokens: log in, refresh, verify, log out."""

from rest_framework import serializers
from rest_framework_simplejwt import views
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from accounts.authentication import TokenAuthentication, read_token


class RefreshSerializer(serializers.Serializer):
    refresh = serializers.CharField()
    access = serializers.CharField(read_only=True)

    def validate(self, attrs):
        token = read_token(RefreshToken, attrs["refresh"])
        user = TokenAuthentication().get_user(token)
        _, first = token.blacklist()
        if not first:  # a request that ran beside this one has used it up
            raise TokenError("Token is blacklisted")
        fresh = RefreshToken.for_user(user)
        return {"access": str(fresh.access_token), "refresh": str(fresh)}


class VerifySerializer(serializers.Serializer):
    token = serializers.CharField(write_only=True)

    def validate(self, attrs):
        try:
            token = read_token(AccessToken, attrs["token"])
        except TokenError:
            token = read_token(RefreshToken, attrs["token"])
        TokenAuthentication().get_user(token)
        return {}


class LogoutSerializer(serializers.Serializer):
    refresh = serializers.CharField(write_only=True)

    def validate(self, attrs):
        token = read_token(RefreshToken, attrs["refresh"])
        TokenAuthentication().get_user(token)
        token.blacklist()
        return {}


class TokenView(views.TokenObtainPairView):
    """Log in with a username, or an e-mail address in its place."""


class RefreshView(views.TokenRefreshView):
    """Change a refresh token for a new pair. The old one is used up."""

    serializer_class = RefreshSerializer


class VerifyView(views.TokenVerifyView):
    """Whether a token would be taken at this moment: 200, or 401."""

    serializer_class = VerifySerializer


class LogoutView(views.TokenBlacklistView):
    """End a refresh token. An access token ends by itself, soon."""

    serializer_class = LogoutSerializer
