from collections import Counter
from collections.abc import Iterable
from copy import copy
from datetime import UTC, datetime

from django.db import models
from django.db.models import Count

from campaigns.models import Contact, Group
from campaigns.models.adding import put_in
from campaigns.models.by_contact import ByContactQuerySet
from campaigns.models.made import made
from tracking.delay import bucket_of, seconds_from
from tracking.models.count import OpeningCount
from tracking.models.mail import Mail, bit_of, mails_of
from tracking.models.opening import Opening
from tracking.models.tally import READ_AT_ONCE, Tally, Trait, quarter_of
from tracking.models.user_agent import UserAgent
from tracking.models.verdict import Verdict

# What the fields about a first opening begin with → what it counts as.
FIRSTS = {"first": "first_openings", "first_verified": "first_verified"}
# … → where the pixels are that were opened, as bits.
SEEN = {"first": "pixels_seen", "first_verified": "pixels_verified"}
# What the others are called, and what they say where there is no such opening.
NO_FIRST = {"at": None, "verdict": "", "reason": "", "pixel": None, "user_agent_id": None}
NO_FIRST |= {"delay_s": None}
NO_READER = {"user_agent_id": None, "reason": ""}


def first_by(opening: Opening, mail: Mail) -> dict:
    """What is known of a first opening."""
    return {
        "at": opening.opened_at,
        "verdict": opening.verdict,
        "reason": opening.reason,
        "pixel": mail.pixels[opening.pixel_id],
        "user_agent_id": opening.user_agent_id,
        "delay_s": seconds_from(mail.due_at, opening.opened_at),
    }


def due_from(scheduled_at: datetime) -> datetime:
    """The minute from whose beginning on a contact counts as due."""
    return scheduled_at.astimezone(UTC).replace(second=0, microsecond=0)


def coarsened(row: tuple) -> tuple:
    """(pixels, those opened, the values of NO_FIRST) with no more than what is counted."""
    pixels, seen, at, *more, delay_s = row
    delay = None if delay_s is None else bucket_of(delay_s)
    return (pixels, seen, quarter_of(at), *more, delay)


def as_text(number: int | None) -> str:
    return "" if number is None else str(number)


class ContactOpeningsQuerySet(ByContactQuerySet):
    ORDER = ("-pk",)

    @property
    def _goes_by_contacts(self) -> bool:
        return super()._goes_by_contacts and self._contacts._groups is not None

    def _walk(self, most: int) -> list[int]:
        """Not by way of groups that nobody has opened: they may have a million contacts."""
        counts = OpeningCount.objects.filter(group__in=self._contacts._groups).order_by()
        opened = self._contacts.in_groups(counts.values_list("group", flat=True).distinct())
        return opened.filter(opened__isnull=False).order_by("-pk").ids_between(0, most)

    def store(self, rows: list["ContactOpenings"]):
        """Insert or overwrite; the caller holds the locks of the contacts."""
        names = [field.name for field in ContactOpenings._meta.fields if not field.primary_key]
        put_in(ContactOpenings, ["contact"], names, [tuple(row.says().values()) for row in rows])

    def early(self, groups: Iterable[int], at: datetime) -> dict[int, tuple[int, int]]:
        """Group id → contacts that have opened although they are scheduled for after that moment,
        and those of them that have opened verified; without groups that have none. Costs what
        their number costs."""
        rows = self.filter(early_group__in=list(groups), early_until__gt=due_from(at))
        found = rows.order_by().values_list("early_group")
        found = found.annotate(opened=Count("pk"), verified=Count("first_verified_at"))
        return {group: (opened, verified) for group, opened, verified in found}

    def follow_mails(self, contacts: Iterable[int]):
        """The mails of these contacts, which the caller has locked, are scheduled for, or were
        sent at, another moment, or have other pixels. Costs one query where none was opened."""
        rows = self.in_bulk(list(contacts))
        if not rows:
            return
        tally, changed = Tally(), []
        for contact_id, mail in mails_of(rows).items():
            row, before = rows[contact_id], copy(rows[contact_id])
            row.follow_mail(mail)
            if row.says() != before.says():
                before.tally_firsts(tally, mail.group_id, -1)
                row.tally_firsts(tally, mail.group_id, 1)
                changed.append(row)
        self.store(sorted(changed, key=lambda row: row.contact_id))
        OpeningCount.objects.add(tally)

    def recompute(self, groups: dict[int, int], tally: Tally):
        """Know again, from the openings that there are and from what is settled, what is known
        of some contacts (id → group id), whose locks the caller holds; the tally follows their
        first openings."""
        known = self.in_bulk(groups)
        self.replace(known, self.recomputed(groups, known), groups, tally)

    def replace(
        self,
        known: dict[int, "ContactOpenings"],
        rows: dict[int, "ContactOpenings"],
        groups: dict[int, int],
        tally: Tally,
    ) -> int:
        """Store what has to be known of contacts in the place of what was; how many differ."""
        changed = {
            pk: row for pk, row in rows.items() if pk not in known or row.says() != known[pk].says()
        }
        gone = sorted(known.keys() - rows.keys())
        for contact_id in known.keys() & {*changed, *gone}:
            known[contact_id].tally_firsts(tally, groups[contact_id], -1)
        for contact_id, row in changed.items():
            row.tally_firsts(tally, groups[contact_id], 1)
        self.store([changed[contact_id] for contact_id in sorted(changed)])
        if gone:
            self.filter(contact__in=gone).delete()
        return len(changed) + len(gone)

    def tally_firsts(self, tally: Tally, group_id: int, begin: datetime, end: datetime):
        """Put the first openings into the tally that were from `begin` on, before `end`, and are
        left. They may be millions: what is alike goes in at once."""
        for first in FIRSTS:
            rows = self.filter(**{f"{first}_at__gte": begin, f"{first}_at__lt": end})
            names = [f"{first}_{name}" for name in NO_FIRST]
            left = rows.filter(**{f"{first}_archived": False})
            found = left.values_list("pixels", SEEN[first], *names).iterator(READ_AT_ONCE)
            alike = Counter(map(coarsened, found))
            for (pixels, seen, *values), number in alike.items():
                row = ContactOpenings(pixels=pixels, **{SEEN[first]: seen})
                row.set_first(first, dict(zip(NO_FIRST, values, strict=True)))
                row.tally_firsts(tally, group_id, number, [first])

    def recomputed(
        self, contacts: Iterable[int], known: dict[int, "ContactOpenings"]
    ) -> dict[int, "ContactOpenings"]:
        """contact id → the row as it has to be, of those that were opened. `known`: the rows as
        they are. Nothing is stored."""
        mails = mails_of(contacts)
        rows = {contact_id: row.settled() for contact_id, row in known.items()}
        # In the order of arrival, which decides between two first ones at the same moment.
        openings = Opening.objects.filter(contact__in=list(contacts)).order_by("pk")
        # As tuples: to make models of millions would take longer than all else.
        for opening in openings.values_list(*Opening.COUNTED, named=True).iterator():
            contact_id = opening.contact_id
            if contact_id not in rows:
                rows[contact_id] = made(ContactOpenings, contact_id=contact_id)
            rows[contact_id].add(opening, mails[contact_id])
        for contact_id in rows.keys() & mails.keys():
            if rows[contact_id].openings:
                rows[contact_id].follow_plan(mails[contact_id])
        return {contact_id: row for contact_id, row in rows.items() if row.openings}


class ContactOpenings(models.Model):
    """What is known of a contact's openings. No import or edit of the contact touches it.

    "First" goes by `opened_at`, not by arrival. What the first openings are counted under is kept
    with them, and follows the contact's times and pixels (`follow_mails`).

    It outlives the openings that retention deletes. A first opening that was deleted so is
    settled: it is counted in the archive, and no other opening takes its place, not even one
    that arrives late and is older; nor is anything more rendered. Its reader is forgotten, so that
    clients and reasons stay counted, as nobody's, where such a contact is removed. Whoever makes
    this row anew from the openings that are left adds the archived numbers and leaves what is
    settled as it is.
    """

    # Leaves with its contact's openings, before the contact (Contact.remove()).
    contact = models.OneToOneField(
        Contact, models.DO_NOTHING, primary_key=True, related_name="opened"
    )
    openings = models.PositiveIntegerField(default=0)
    mail_opens = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()
    pixels = models.BigIntegerField(
        default=0, db_default=0, help_text="The numbers of its pixels, as bits."
    )
    pixels_seen = models.BigIntegerField(
        default=0, db_default=0, help_text="Those of them that were opened."
    )
    pixels_verified = models.BigIntegerField(
        default=0, db_default=0, help_text="Those that a person opened, or somebody on its behalf."
    )

    first_at = models.DateTimeField()
    first_verdict = models.CharField(max_length=7, choices=Verdict)
    first_reason = models.CharField(max_length=32, blank=True, default="", db_default="")
    first_pixel = models.PositiveSmallIntegerField(null=True, help_text="Its number.")
    # No index, which only a User-Agent's deletion would use.
    first_user_agent = models.ForeignKey(
        UserAgent,
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    first_delay_s = models.PositiveIntegerField(null=True, help_text="Since the mail was sent.")

    first_verified_at = models.DateTimeField(null=True)
    first_verified_verdict = models.CharField(max_length=7, choices=Verdict, blank=True)
    first_verified_reason = models.CharField(max_length=32, blank=True, default="", db_default="")
    first_verified_pixel = models.PositiveSmallIntegerField(null=True)
    first_verified_user_agent = models.ForeignKey(
        UserAgent,
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    first_verified_delay_s = models.PositiveIntegerField(null=True)

    # Both null but where it was opened before it was due. So those who opened although they are
    # scheduled for later are found by an index, and cost what their number costs.
    early_group = models.ForeignKey(
        Group, models.DO_NOTHING, null=True, related_name="+", db_index=False, db_constraint=False
    )
    early_until = models.DateTimeField(null=True, help_text="The minute it is scheduled for.")

    archived_openings = models.PositiveIntegerField(
        default=0, help_text="How many of its openings retention has deleted."
    )
    archived_mail_opens = models.PositiveIntegerField(default=0)
    first_archived = models.BooleanField(default=False)
    first_verified_archived = models.BooleanField(default=False)

    objects = ContactOpeningsQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "contact openings"
        indexes = [models.Index(fields=["early_group", "early_until"], name="early_openers")]

    def __str__(self):
        return f"openings of {self.contact}"

    def says(self) -> dict:
        """All that it says, by the names of its attributes, the contact first."""
        values = vars(self)  # past Django's descriptors, which each foreign key would go through
        return {field.attname: values[field.attname] for field in self._meta.fields}

    def add(self, opening: Opening, mail: Mail):
        """Take one more opening into account, in whatever order they come. `follow_plan` has to
        come after the last of them."""
        self.openings += 1
        self.mail_opens += opening.begins_mail_open
        if self.last_at is None or opening.opened_at > self.last_at:
            self.last_at = opening.opened_at
        bit = bit_of(mail.pixels[opening.pixel_id])
        # Attribute by attribute: a loop over their names would take three times as long.
        if not self.first_archived:  # what is settled is not rendered any further
            self.pixels_seen |= bit
            if self.first_at is None or opening.opened_at < self.first_at:
                self.set_first("first", first_by(opening, mail))
        if Verdict.verified(opening.verdict) and not self.first_verified_archived:
            self.pixels_verified |= bit
            if self.first_verified_at is None or opening.opened_at < self.first_verified_at:
                self.set_first("first_verified", first_by(opening, mail))

    def follow_mail(self, mail: Mail):
        """The contact's times and pixels may be others. What is settled stays."""
        self.follow_plan(mail)
        for first in filter(self.is_left, FIRSTS):
            self.set_first(first, {"delay_s": seconds_from(mail.due_at, self.at(first))})

    def follow_plan(self, mail: Mail):
        """Which pixels there are, and whether it was opened before it is due."""
        if not self.first_archived:
            self.pixels = mail.bits()
        due = due_from(mail.scheduled_at)
        early = self.first_at < due
        self.early_group_id, self.early_until = (mail.group_id, due) if early else (None, None)

    def at(self, first: str) -> datetime | None:
        return getattr(self, f"{first}_at")

    def get_first(self, first: str) -> dict:
        """The values of NO_FIRST's fields."""
        return {name: getattr(self, f"{first}_{name}") for name in NO_FIRST}

    def set_first(self, first: str, values: dict):
        for name, value in values.items():
            setattr(self, f"{first}_{name}", value)

    def traits_of(self, first: str) -> tuple[Trait, ...]:
        """What this first opening is broken down by."""
        known = self.get_first(first)
        delay = known["delay_s"]
        traits = [
            ("pixel", as_text(known["pixel"])),
            ("delay", as_text(None if delay is None else bucket_of(delay))),
        ]
        if not getattr(self, f"{first}_archived"):
            traits.append(("reason", known["reason"]))
            traits.append(("user_agent_id", known["user_agent_id"]))
        # What was first opened before it was kept has none until it is rebuilt.
        if self.pixels.bit_count() > 1 and getattr(self, SEEN[first]):
            traits.append(("rendered", self.rendered(first)))
        return tuple(traits)

    def rendered(self, first: str) -> str:
        """How much of the mail, which has several pixels, by all openings or by the verified."""
        seen = getattr(self, SEEN[first])
        if self.pixels & ~seen == 0:
            return "complete"
        return "top" if seen == bit_of(1) else "part"

    def tally_firsts(self, tally: Tally, group_id: int, sign: int, firsts: Iterable[str] = FIRSTS):
        """Put this contact's first openings into the tally, or (sign -1) take them out."""
        for first in firsts:
            if at := self.at(first):
                verdict = getattr(self, f"{first}_verdict")
                tally.note(group_id, at, verdict, self.traits_of(first), **{FIRSTS[first]: sign})

    def is_left(self, first: str) -> bool:
        """Whether there is such a first one, and retention has not deleted it."""
        return self.at(first) is not None and not getattr(self, f"{first}_archived")

    def archived_firsts(self) -> list[str]:
        """Those whose opening was deleted."""
        return [first for first in FIRSTS if getattr(self, f"{first}_archived")]

    def tally_archived_firsts(self, archive: Tally, group_id: int, sign: int):
        """The same for the archive, which has those whose opening was deleted."""
        self.tally_firsts(archive, group_id, sign, self.archived_firsts())

    def settled(self) -> "ContactOpenings":
        """What retention has settled of this row, for openings to be added to."""
        known = ContactOpenings(
            contact_id=self.contact_id,
            openings=self.archived_openings,
            mail_opens=self.archived_mail_opens,
            archived_openings=self.archived_openings,
            archived_mail_opens=self.archived_mail_opens,
            early_group_id=self.early_group_id,
            early_until=self.early_until,
        )
        for first in self.archived_firsts():
            known.set_first(first, self.get_first(first) | {"archived": True})
            setattr(known, SEEN[first], getattr(self, SEEN[first]))
        if self.first_archived:
            known.last_at = self.first_at  # at least: the others' times are forgotten
            known.pixels = self.pixels
        return known

    def archive(self, openings: list[Opening], archive: Tally, group_id: int):
        """These openings, the contact's oldest, are being deleted: settle the firsts among them."""
        self.archived_openings += len(openings)
        self.archived_mail_opens += sum(opening.begins_mail_open for opening in openings)
        last = max(opening.opened_at for opening in openings)
        settled = [first for first in FIRSTS if self.is_left(first) and self.at(first) <= last]
        self.tally_firsts(archive, group_id, 1, settled)
        for first in settled:
            self.set_first(first, {"archived": True, **NO_READER})

    def forget_reader(self, reason: str):
        """Who read first, and with what, is not known any more."""
        for first in filter(self.is_left, FIRSTS):
            self.set_first(first, NO_READER | {"reason": reason})
