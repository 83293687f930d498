"""The tokens of one login, through every rotation: they live and end together.

A family knows the id of the one refresh token that may still be used, and nothing of its text.
Using it moves the family on to the next one; a refresh token that is used again was stolen, from
whoever uses it first or second, and nobody can tell which. So the family goes, and with it every
token of it, access tokens too: each one is looked up with its family.
"""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import datetime_from_epoch

CLAIM = "family"  # of refresh and access tokens


class TokenFamilyQuerySet(models.QuerySet):
    def start(self, user) -> RefreshToken:
        """The first refresh token of a new family; its `access_token` belongs to it too."""
        token = issue(user, uuid4().hex)
        self.create(pk=token[CLAIM], user=user, **place_of(token))
        return token

    def rotate(self, token: RefreshToken, user) -> RefreshToken:
        """Use up this valid token for the next one of its family.

        Of requests that come at once with the same token one wins. TokenError for all others, and
        then the family has ended, the winner's fresh tokens with it.
        """
        fresh = issue(user, token[CLAIM])
        family = self.of(token, user)
        if not family.filter(current=token["jti"]).update(**place_of(fresh)):
            family.delete()
            raise TokenError("The refresh token was used before, which ends its login.")
        return fresh

    def of(self, token, user):
        return self.filter(pk=token[CLAIM], user=user)

    def end_all_of(self, user):
        """Every login: the user was locked out, or has another password."""
        self.filter(user=user).delete()

    def current(self, token: RefreshToken):
        """The token's family, where this token is the one that may still be used."""
        return self.filter(pk=token[CLAIM], current=token["jti"])

    def having(self, token) -> Exists:
        """Whether a user, of an outer query, has the family of this token."""
        return Exists(self.filter(pk=token[CLAIM], user=OuterRef("pk")))

    def forget_expired(self):
        """Families whose last refresh token has run out. No access token outlives it."""
        self.filter(expires_at__lte=timezone.now()).delete()


class TokenFamily(models.Model):
    id = models.CharField(primary_key=True, max_length=32)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    # The id (`jti`) of the refresh token that may be used; it says nothing without the key.
    current = models.CharField(max_length=32)
    expires_at = models.DateTimeField(db_index=True)

    objects = TokenFamilyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "token families"
        default_permissions = ()  # no page shows them

    def __str__(self):
        return f"a login of {self.user}"


def issue(user, family: str) -> RefreshToken:
    token = RefreshToken.for_user(user)
    token[CLAIM] = family
    return token


def place_of(token: RefreshToken) -> dict:
    """What a family keeps of its refresh token."""
    return {"current": token["jti"], "expires_at": datetime_from_epoch(token["exp"])}
