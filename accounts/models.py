from django.contrib.auth.models import AbstractUser, UserManager
from django.core.validators import RegexValidator
from django.db import models, transaction

from accounts.fields import LowercaseEmailField
from accounts.login_guard import LoginTrace
from accounts.token_family import TokenFamily

__all__ = ["LoginTrace", "Membership", "Team", "TokenFamily", "User"]


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

    def ensure_own_team(self) -> "Team":
        """The user's own team, made now if it is missing (a fixture or a form made the user)."""
        team, created = Team.objects.get_or_create(
            owner=self, defaults={"name": f"{self.username}'s team"}
        )
        if created:
            Membership.objects.create(team=team, user=self, role=Membership.Role.MANAGER)
        return team


class TeamQuerySet(models.QuerySet):
    def of(self, user) -> "TeamQuerySet":
        """Teams whose objects the user may see: all for a superuser, else those of a member."""
        if user.is_superuser:
            return self
        return self.filter(pk__in=Membership.objects.filter(user=user).values("team"))

    def managed_by(self, user) -> "TeamQuerySet":
        if user.is_superuser:
            return self
        managers = Membership.objects.filter(user=user, role=Membership.Role.MANAGER)
        return self.filter(pk__in=managers.values("team"))


class Team(models.Model):
    """Who owns campaigns."""

    name = models.CharField(max_length=200)
    # The user whose own team this is. When that user goes, the team stays, with its campaigns
    # and their openings, for its other members and for superusers.
    owner = models.OneToOneField(
        User, models.SET_NULL, null=True, blank=True, related_name="own_team", editable=False
    )
    members = models.ManyToManyField(User, through="Membership", related_name="teams")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TeamQuerySet.as_manager()

    def __str__(self):
        return self.name


class Membership(models.Model):
    class Role(models.TextChoices):
        VIEWER = "viewer"
        EDITOR = "editor"
        MANAGER = "manager"

    # A membership says who may see openings; it holds none. It goes with its team or user.
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=7, choices=Role, default=Role.VIEWER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="one_membership_per_team")
        ]

    def __str__(self):
        return f"{self.user} in {self.team} ({self.role})"
