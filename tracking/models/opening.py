from collections import Counter
from collections.abc import Sequence

from django.db import models
from django.utils import timezone

from campaigns.models import Contact, Group, Pixel
from campaigns.models.insert import insert_rows
from campaigns.models.scoped import GroupScopedQuerySet
from tracking.models.tally import READ_AT_ONCE, Tally, Trait, quarter_of
from tracking.models.user_agent import UserAgent
from tracking.models.verdict import Verdict


class OpeningQuerySet(GroupScopedQuerySet):
    def insert(self, names: Sequence[str], rows: list[tuple]):
        """Store new ones, inside a transaction of the caller's: the values of the attributes
        `names` of each. Tells no ids."""
        fields = {field.attname: field.name for field in Opening._meta.concrete_fields}
        recorded_at = (timezone.now(),)
        rows = [row + recorded_at for row in rows]
        insert_rows(Opening, [*map(fields.__getitem__, names), "recorded_at"], rows)

    def as_counted(self) -> "OpeningQuerySet":
        """With no more than what counts need to know of each."""
        return self.only(*Opening.COUNTED)

    def tally(self, tally: Tally):
        """Put all of these into the tally. They may be millions: what is alike goes in at once."""
        rows = self.order_by().values_list(
            "group_id",
            "opened_at",
            "verdict",
            "reason",
            "pixel__number",
            "user_agent_id",
            "begins_mail_open",
        )
        alike = Counter(
            (group_id, quarter_of(opened_at), *more)
            for group_id, opened_at, *more in rows.iterator(READ_AT_ONCE)
        )
        for (group_id, quarter, verdict, reason, pixel, agent, begins), number in alike.items():
            traits = traits_of(reason, None if pixel is None else ("pixel", str(pixel)), agent)
            measures = {"openings": number, "mail_opens": number * begins}
            tally.note(group_id, quarter, verdict, traits, **measures)


def traits_of(reason: str, pixel: Trait | None, user_agent_id: int | None) -> tuple[Trait, ...]:
    """What an opening is broken down by; an anonymous one has no pixel."""
    if pixel is None:
        return (("reason", reason),)
    return (("reason", reason), pixel, ("user_agent_id", user_agent_id))


class Counted:
    """What is counted of an opening."""

    __slots__ = ()

    def tally(self, tally: Tally, sign: int):
        """Put this opening into the tally, or (sign -1) take it out."""
        traits = traits_of(self.reason, tally.pixel(self.pixel_id), self.user_agent_id)
        measures = {"openings": sign, "mail_opens": sign * self.begins_mail_open}
        tally.note(self.group_id, self.opened_at, self.verdict, traits, **measures)


class Opening(Counted, models.Model):
    """One counted hit of one pixel.

    One of an anonymous campaign knows its group, time and verdict, and neither pixel nor contact
    nor what the reader sent; see AnonymousReader.
    """

    COUNTED = ("group_id", "contact_id", "pixel_id", "user_agent_id")
    COUNTED += ("opened_at", "verdict", "reason", "begins_mail_open")

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

    objects = OpeningQuerySet.as_manager()

    class Meta:
        indexes = [
            # What the consumer looks for: the openings of some contacts, around a time.
            models.Index(fields=["contact", "opened_at"], name="opening_contact_time"),
            models.Index(fields=["group", "opened_at"], name="opening_group_time"),
            # What lists of some groups are merged from; see campaigns/models/narrowing.py.
            models.Index(fields=["group"], name="opening_group"),
        ]

    def __str__(self):
        return f"opening {self.event_id}"
