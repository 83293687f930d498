from hashlib import blake2b
from uuid import UUID

from django.db import models
from ua_parser import parse

from accounts.models import Team
from campaigns.models import Contact, Group, Pixel


class Verdict(models.TextChoices):
    HUMAN = "human"
    PROXY = "proxy", "proxy: an image proxy on behalf of a person"
    MACHINE = "machine"

    @property
    def verified(self) -> bool:
        """A person stands behind it."""
        return self != Verdict.MACHINE


class UserAgentQuerySet(models.QuerySet):
    def ids_of(self, texts) -> dict[str, int]:
        """text → id, for texts of at most 512 characters; the new ones are stored.

        Outside of any transaction: each new text is a statement of its own, so that two
        consumers that meet the same new User-Agent can't deadlock.
        """
        wanted = {user_agent_fingerprint(text): text for text in texts}
        found = dict(self.filter(fingerprint__in=wanted).values_list("fingerprint", "pk"))
        for fingerprint in sorted(wanted.keys() - found.keys()):
            row, _ = self.get_or_create(
                fingerprint=fingerprint, defaults=describe_user_agent(wanted[fingerprint])
            )
            found[fingerprint] = row.pk
        return {text: found[fingerprint] for fingerprint, text in wanted.items()}


def user_agent_fingerprint(text: str) -> UUID:
    return UUID(bytes=blake2b(text.encode(), digest_size=16).digest())


def describe_user_agent(text: str) -> dict:
    """The fields of a new UserAgent: client, system and device as ua-parser names them."""
    parsed = parse(text)
    return {
        "text": text,
        "client": parsed.user_agent.family[:64] if parsed.user_agent else "",
        "os": parsed.os.family[:64] if parsed.os else "",
        "device": parsed.device.family[:64] if parsed.device else "",
    }


class UserAgent(models.Model):
    """A distinct User-Agent; openings refer to it, so that its text is stored once."""

    text = models.CharField(max_length=512)
    fingerprint = models.UUIDField(unique=True, editable=False)
    client = models.CharField(max_length=64, blank=True)
    os = models.CharField("operating system", max_length=64, blank=True)
    device = models.CharField(max_length=64, blank=True)

    objects = UserAgentQuerySet.as_manager()

    def __str__(self):
        return self.text or "(none)"


class OpeningQuerySet(models.QuerySet):
    def of(self, user) -> "OpeningQuerySet":
        return self.filter(group__campaign__team__in=Team.objects.of(user))


class Opening(models.Model):
    """One counted hit of one pixel."""

    event_id = models.UUIDField(unique=True)
    # Openings leave only by Contact.remove() and what stands on it, which bring the counts up
    # to date in the same transaction. Django therefore does nothing at these three keys, and
    # the database refuses to delete a pixel, contact or group that still has openings.
    pixel = models.ForeignKey(Pixel, models.DO_NOTHING, related_name="openings")
    contact = models.ForeignKey(Contact, models.DO_NOTHING, related_name="openings", db_index=False)
    group = models.ForeignKey(Group, models.DO_NOTHING, related_name="openings", db_index=False)
    # A User-Agent that openings refer to can't be deleted.
    user_agent = models.ForeignKey(UserAgent, models.PROTECT, related_name="openings")
    network_label = models.CharField(max_length=32, blank=True)
    network = models.CharField(max_length=43, blank=True, help_text="Truncated: /24 or /48.")
    prefetch = models.BooleanField(default=False, help_text="The client said that it prefetches.")
    referer = models.CharField(max_length=255, blank=True, help_text="The host only.")
    opened_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    begins_mail_open = models.BooleanField(default=False)
    verdict = models.CharField(max_length=7, choices=Verdict)
    reason = models.CharField(max_length=32)

    objects = OpeningQuerySet.as_manager()

    class Meta:
        indexes = [
            # What the consumer looks for: the openings of some contacts, around a time.
            models.Index(fields=["contact", "opened_at"], name="opening_contact_time"),
            models.Index(fields=["group", "opened_at"], name="opening_group_time"),
        ]

    def __str__(self):
        return f"opening {self.event_id}"


class ContactOpenings(models.Model):
    """What is known of a contact's openings. No import or edit of the contact touches it.

    "First" goes by `opened_at`, not by arrival. The verdicts of the first openings are kept
    because they are counted under them.
    """

    # Leaves with its contact's openings, before the contact (Contact.remove()).
    contact = models.OneToOneField(
        Contact, models.DO_NOTHING, primary_key=True, related_name="opened"
    )
    openings = models.PositiveIntegerField()
    mail_opens = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    first_verdict = models.CharField(max_length=7, choices=Verdict)
    last_at = models.DateTimeField()
    first_verified_at = models.DateTimeField(null=True)
    first_verified_verdict = models.CharField(max_length=7, choices=Verdict, blank=True)

    class Meta:
        verbose_name_plural = "contact openings"

    def __str__(self):
        return f"openings of {self.contact}"
