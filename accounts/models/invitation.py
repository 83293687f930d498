from datetime import timedelta

from django.db import models, transaction
from django.utils import timezone

from accounts.fields import LowercaseEmailField
from accounts.models.refusal import Refusal
from accounts.models.team import Membership, Role, Team
from accounts.secret import DIGEST_LENGTH, digest, new_secret

LIFETIME = timedelta(days=14)


def in_two_weeks():
    return timezone.now() + LIFETIME


class MemberAlready(Refusal):
    code = "member_already"
    sentence = "Somebody with that address is a member already. Change their role instead."


class InvitationUsed(Refusal):
    code = "invitation_used"
    sentence = "This invitation has been accepted before. Ask a manager of the team for a new one."


class InvitationRevoked(Refusal):
    code = "invitation_revoked"
    sentence = "This invitation has been withdrawn. Ask a manager of the team for a new one."


class InvitationExpired(Refusal):
    code = "invitation_expired"
    sentence = "This invitation has run out. Ask a manager of the team for a new one."


class InvitationQuerySet(models.QuerySet):
    def of(self, principal) -> "InvitationQuerySet":
        """Invitations are for managers to see: they name people who are no members."""
        if principal.is_superuser:
            return self
        return self.filter(team__in=principal.team_ids(Role.MANAGER))

    def pending(self) -> "InvitationQuerySet":
        """Those that can be accepted."""
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())

    @transaction.atomic
    def invite(
        self, *, team: Team, email: str, invited_by: str, role: str = Role.VIEWER
    ) -> "Invitation":
        """Invite an address; MemberAlready. The answer's `token` is told this once.

        The latest invitation of an address is the one that counts: earlier ones are withdrawn.
        """
        Team.objects.lock(team.pk)
        if Membership.objects.filter(team=team, user__email=email).exists():
            raise MemberAlready
        self.pending().filter(team=team, email=email).update(revoked_at=timezone.now())
        token = new_secret()
        invitation = self.create(
            team=team, email=email, role=role, invited_by=invited_by, digest=digest(token)
        )
        invitation.token = token
        return invitation

    def for_address(self, token: str, email: str) -> "Invitation | None":
        """The invitation with this token, in whatever state, if it is for this address."""
        invitation = self.filter(digest=digest(token)).first()
        return invitation if invitation and invitation.email == email else None


class Invitation(models.Model):
    """Somebody may become a member, whether they have an account or not.

    PixelTrack sends no mail: the manager who invites passes the token on.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        ACCEPTED = "accepted"
        REVOKED = "revoked"
        EXPIRED = "expired"

    team = models.ForeignKey(Team, models.CASCADE, related_name="invitations")
    email = LowercaseEmailField("e-mail address")
    role = models.CharField(max_length=7, choices=Role, default=Role.VIEWER)
    digest = models.CharField(max_length=DIGEST_LENGTH, unique=True, editable=False)
    invited_by = models.CharField(max_length=150, editable=False)  # outlives the account
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(default=in_two_weeks)
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    def __str__(self):
        return f"{self.email} to {self.team} ({self.role})"

    @property
    def status(self) -> str:
        if self.accepted_at:
            return self.Status.ACCEPTED
        if self.revoked_at:
            return self.Status.REVOKED
        return self.Status.EXPIRED if self.expires_at <= timezone.now() else self.Status.PENDING

    def refuse_unless_pending(self):
        """InvitationUsed, InvitationRevoked, InvitationExpired."""
        refusals = {
            self.Status.ACCEPTED: InvitationUsed,
            self.Status.REVOKED: InvitationRevoked,
            self.Status.EXPIRED: InvitationExpired,
        }
        if refusal := refusals.get(self.status):
            raise refusal

    @transaction.atomic
    def accept(self, user) -> Membership:
        """Make the invited user a member. Once more by a member, it changes nothing."""
        Team.objects.lock(self.team_id)
        self.refresh_from_db()
        membership = Membership.objects.filter(team=self.team_id, user=user).first()
        if membership and self.status == self.Status.ACCEPTED:
            return membership
        self.refuse_unless_pending()
        self.accepted_at = timezone.now()
        self.save(update_fields=["accepted_at"])
        return membership or Membership.objects.create(
            team_id=self.team_id, user=user, role=self.role
        )

    def revoke(self):
        """Nobody can accept it from now on. One that was accepted stays so."""
        pending = Invitation.objects.filter(pk=self.pk, accepted_at=None, revoked_at=None)
        pending.update(revoked_at=timezone.now())
