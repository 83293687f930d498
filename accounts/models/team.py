from django.conf import settings
from django.db import models


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
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="own_team",
        editable=False,
    )
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="teams"
    )
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
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=7, choices=Role, default=Role.VIEWER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="one_membership_per_team")
        ]

    def __str__(self):
        return f"{self.user} in {self.team} ({self.role})"
