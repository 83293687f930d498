from django.conf import settings
from django.db import models, transaction

from accounts.models.refusal import Refusal


class LastManager(Refusal):
    code = "last_manager"
    sentence = (
        "A team keeps at least one manager, and there would be none. Make somebody else manager "
        "before."
    )


class OwnTeam(Refusal):
    code = "own_team"
    sentence = (
        "Every user keeps a team of their own, as its manager: campaigns go there unless one says."
    )


class HasCampaigns(Refusal):
    code = "has_campaigns"
    sentence = "The team has campaigns. Delete them first, with their openings."


class RemovalsRunning(Refusal):
    code = "removals_running"
    sentence = (
        "The team's campaigns are still being deleted in the background. Delete the team when "
        "its removals are done."
    )


class Role(models.TextChoices):
    VIEWER = "viewer"
    EDITOR = "editor"
    MANAGER = "manager"


class TeamQuerySet(models.QuerySet):
    def of(self, principal) -> "TeamQuerySet":
        """Teams whose objects one may see (see principal.py): a superuser sees all."""
        return self if principal.is_superuser else self.filter(pk__in=principal.team_ids())

    def managed_by(self, principal) -> "TeamQuerySet":
        if principal.is_superuser:
            return self
        return self.filter(pk__in=principal.team_ids(Role.MANAGER))

    @transaction.atomic
    def start(self, *, name: str, manager) -> "Team":
        """Make a team with its first member, a user."""
        team = self.create(name=name)
        Membership.objects.create(team=team, user=manager, role=Role.MANAGER)
        return team

    def lock(self, pk) -> "Team":
        """Inside a transaction: whatever decides by the members of a team comes by here first."""
        return self.select_for_update().get(pk=pk)


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

    def refuse_without_managers(self):
        """After a change of several members, in its transaction. LastManager, OwnTeam."""
        managers = self.memberships.filter(role=Role.MANAGER)
        if not managers.exists():
            raise LastManager
        if self.owner_id and not managers.filter(user=self.owner_id).exists():
            raise OwnTeam

    @transaction.atomic
    def remove(self):
        """Delete the team with its memberships, invitations and keys. OwnTeam, HasCampaigns,
        RemovalsRunning."""
        if Team.objects.lock(self.pk).owner_id:
            raise OwnTeam
        try:
            self.delete()
        except models.ProtectedError:
            # What is being removed is in the way as well, and in nobody's sight.
            in_sight = self.campaigns.exists()
            raise (HasCampaigns if in_sight else RemovalsRunning) from None


class MembershipQuerySet(models.QuerySet):
    def of(self, principal) -> "MembershipQuerySet":
        """Memberships of the teams that one sees."""
        return self if principal.is_superuser else self.filter(team__in=principal.team_ids())


class Membership(models.Model):
    Role = Role

    # A membership says who may see openings; it holds none. It goes with its team or user.
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=7, choices=Role, default=Role.VIEWER)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="one_membership_per_team")
        ]

    def __str__(self):
        return f"{self.user} in {self.team} ({self.role})"

    @transaction.atomic
    def change_role(self, role: str):
        """Give the member another role. LastManager, OwnTeam."""
        team = self.lock()
        if role == self.role:
            return
        if role != Role.MANAGER:
            self.refuse_to_lose_manager(team)
        self.role = role
        self.save(update_fields=["role"])

    @transaction.atomic
    def remove(self):
        """The member leaves, or is sent away. LastManager, OwnTeam."""
        self.refuse_to_lose_manager(self.lock())
        self.delete()

    def lock(self) -> Team:
        """The team; two managers who make each other viewers at once come by one after another."""
        team = Team.objects.lock(self.team_id)
        self.refresh_from_db(fields=["role"])
        return team

    def refuse_to_lose_manager(self, team: Team):
        managers = Membership.objects.filter(team=team, role=Role.MANAGER)
        if self.role == Role.MANAGER and not managers.exclude(pk=self.pk).exists():
            raise LastManager
        if team.owner_id == self.user_id:
            raise OwnTeam
