from django.contrib.auth.models import AbstractUser, UserManager
from django.core.validators import RegexValidator
from django.db import models, transaction

from accounts.fields import LowercaseEmailField
from accounts.models.team import Membership, Team


class AccountManager(UserManager):
    """Makes users together with the team that each has from the start."""

    def create_user(self, username, email=None, password=None, **fields):
        return self._with_own_team(super().create_user, username, email, password, **fields)

    def create_superuser(self, username, email=None, password=None, **fields):
        return self._with_own_team(super().create_superuser, username, email, password, **fields)

    @transaction.atomic
    def _with_own_team(self, create, *args, **fields):
        user = create(*args, **fields)
        user.ensure_own_team()
        return user


class User(AbstractUser):
    # No "@": a username can then never pass for somebody else's e-mail address at login.
    username = models.CharField(
        max_length=150,
        unique=True,
        validators=[RegexValidator(r"^[\w.+-]+\Z", "Use letters, digits and . + - _ only.")],
        error_messages={"unique": "A user with that username exists already."},
    )
    email = LowercaseEmailField(
        "e-mail address",
        unique=True,
        error_messages={"unique": "A user with that e-mail address exists already."},
    )

    objects = AccountManager()

    is_person = True  # see principal.py for this and the five methods that follow

    def identity(self) -> str:
        return f"User:{self.pk}"

    def team_ids(self, *roles):
        memberships = self.memberships.filter(role__in=roles) if roles else self.memberships
        return memberships.values("team")

    def team_roles(self):
        return self.memberships.values_list("team", "role")

    def has_role(self, team, roles) -> bool:
        if self.is_superuser:
            return True
        return self.memberships.filter(team=team, role__in=roles).exists()

    def default_team(self) -> Team:
        return self.ensure_own_team()

    def ensure_own_team(self) -> Team:
        """The user's own team, made now if it is missing (a fixture or a form made the user)."""
        team, created = Team.objects.get_or_create(
            owner=self, defaults={"name": f"{self.username}'s team"}
        )
        if created:
            Membership.objects.create(team=team, user=self, role=Membership.Role.MANAGER)
        return team
