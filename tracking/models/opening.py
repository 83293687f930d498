from django.db import models

from campaigns.models import Contact, Group, Pixel
from campaigns.models.scoped import GroupScopedQuerySet
from tracking.models.count import Tally
from tracking.models.user_agent import UserAgent
from tracking.models.verdict import Verdict


class Opening(models.Model):
    """One counted hit of one pixel.

    One of an anonymous campaign knows its group, time and verdict, and neither pixel nor contact
    nor what the reader sent; see AnonymousReader.
    """

    event_id = models.UUIDField(unique=True)
    # Openings leave only by Contact.remove() and the steps that remove groups, which bring the
    # counts up to date in the same transaction. Django therefore does nothing at these three
    # keys, and the database refuses to delete a pixel, contact or group that still has openings.
    pixel = models.ForeignKey(Pixel, models.DO_NOTHING, null=True, related_name="openings")
    contact = models.ForeignKey(
        Contact, models.DO_NOTHING, null=True, related_name="openings", db_index=False
    )
    group = models.ForeignKey(Group, models.DO_NOTHING, related_name="openings", db_index=False)
    # A User-Agent that openings refer to can't be deleted. Without one, the reader was erased.
    user_agent = models.ForeignKey(
        UserAgent, models.PROTECT, related_name="openings", null=True, blank=True
    )
    network_label = models.CharField(max_length=32, blank=True)
    network = models.CharField(max_length=43, blank=True, help_text="Truncated: /24 or /48.")
    prefetch = models.BooleanField(default=False, help_text="The client said that it prefetches.")
    referer = models.CharField(max_length=255, blank=True, help_text="The host only.")
    opened_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    begins_mail_open = models.BooleanField(default=False)
    verdict = models.CharField(max_length=7, choices=Verdict)
    reason = models.CharField(max_length=32)
    # Without an index, which every opening would pay for and only `reclassify` would use.
    rules_date = models.DateField(
        null=True,
        blank=True,
        help_text="Of the rule set that judged. None where somebody else did, where the reader "
        "was erased, or where it is from before this was kept.",
    )

    objects = GroupScopedQuerySet.as_manager()

    class Meta:
        indexes = [
            # What the consumer looks for: the openings of some contacts, around a time.
            models.Index(fields=["contact", "opened_at"], name="opening_contact_time"),
            models.Index(fields=["group", "opened_at"], name="opening_group_time"),
        ]

    def __str__(self):
        return f"opening {self.event_id}"

    def tally(self, tally: Tally, sign: int):
        """Put this opening into the tally, or (sign -1) take it out."""
        tally.note(
            self.group_id,
            self.opened_at,
            self.verdict,
            openings=sign,
            mail_opens=sign * self.begins_mail_open,
        )
