from datetime import timedelta
from secrets import token_hex

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.team import Role, Team
from accounts.secret import DIGEST_LENGTH, digest, is_secret_of, new_secret

PREFIX_LENGTH = 16
USE_NOTED_EVERY = timedelta(minutes=1)


def new_prefix() -> str:
    return token_hex(PREFIX_LENGTH // 2)


class ApiKeyQuerySet(models.QuerySet):
    def of(self, principal) -> "ApiKeyQuerySet":
        """Keys are for managers to see."""
        if principal.is_superuser:
            return self
        return self.filter(team__in=principal.team_ids(Role.MANAGER))

    def issue(self, **fields) -> "ApiKey":
        """Make a key. The answer's `key` is told this once."""
        row = self.model(**fields)
        row.draw_secret()
        row.save()
        return row

    def usable(self, text: str) -> "ApiKey | None":
        """The key that `<prefix>.<secret>` stands for, if it is good at this moment."""
        row = self.filter(prefix=text.partition(".")[0][:PREFIX_LENGTH]).first()
        good = is_secret_of(row.digest if row else digest(""), text)
        return row if row and good and row.is_usable else None


class ApiKey(models.Model):
    """Lets a server into the API, into one team and with one role.

    A key belongs to its team: it stays when whoever made it leaves. A revoked key stays in the
    list, so that one can tell later what it was.
    """

    team = models.ForeignKey(Team, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100, help_text="What it is for.")
    role = models.CharField(max_length=7, choices=Role, default=Role.VIEWER)
    prefix = models.CharField(
        max_length=PREFIX_LENGTH,
        unique=True,
        default=new_prefix,
        editable=False,
        help_text="What the key begins with. No secret: it tells which key was used.",
    )
    digest = models.CharField(max_length=DIGEST_LENGTH, editable=False)  # of the whole text
    made_by = models.CharField(max_length=150, editable=False)  # outlives the account
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Never, unless you say.")
    last_used_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="To the minute."
    )
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"

    def __str__(self):
        return f"{self.name} ({self.prefix})"

    def draw_secret(self):
        """Before the first save. `self.key` is the only place where the whole text ever is."""
        self.key = f"{self.prefix}.{new_secret()}"
        self.digest = digest(self.key)

    @property
    def is_usable(self) -> bool:
        expired = self.expires_at and self.expires_at <= timezone.now()
        return not (self.revoked_at or expired)

    def note_use(self):
        """Once a minute, however many requests and processes there are."""
        now = timezone.now()
        if self.last_used_at and self.last_used_at > now - USE_NOTED_EVERY:
            return
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
        ApiKey.objects.filter(stale, pk=self.pk).update(last_used_at=now)

    def revoke(self):
        """It opens nothing from now on."""
        ApiKey.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=timezone.now())
