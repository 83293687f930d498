"""Many contacts at once: what the bulk address of the API and contact imports stand on."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.db import connections, models, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.address import address_key
from accounts.retry import retry_overtaken, retry_transaction
from accounts.uuids import ordered_uuids
from campaigns.erasure import Overtaken
from campaigns.models.campaign import Group
from campaigns.models.contact_changes import ContactChanges, Standing
from campaigns.models.erased_address import ErasedAddress
from campaigns.models.insert import insert_rows
from campaigns.models.scoped import GroupScopedQuerySet

# Rows of one transaction. SQLite takes no condition with more than 1,000 parts, and each row may
# be of a group of its own.
CHUNK = 500
MOST_EXTRA = 2_000_000  # characters in a statement: MariaDB takes 16 MB, and escapes some

MAIL_TIMES = {"scheduled_at", "sent_at"}

Place = tuple[int, str]  # the ids of group and addressee: what a contact is unique by


@dataclass(slots=True)
class ContactRow:
    """One contact to take in, checked already. `fields` are those that were given, no others:
    any of name, external_id, scheduled_at, sent_at. What is in `extra` is added to what the
    contact has there. `defaults` and `pixels` are for a new contact only. Nobody changes it; it
    is not frozen, because a million are made, and that would take three times as long."""

    group: Group  # with its campaign
    email: str
    fields: dict = field(default_factory=dict)
    pixels: int | None = None  # as many as its campaign gives, unless named
    defaults: dict = field(default_factory=dict)
    extra: dict = field(default_factory=dict)
    key: str = field(init=False)
    place: Place = field(init=False)

    def __post_init__(self):
        self.key = address_key(self.email)
        self.place = self.group.pk, self.key

    @property
    def team_id(self) -> int:
        return self.group.campaign.team_id

    @property
    def address(self) -> tuple[int, str]:
        return self.team_id, self.key

    @property
    def pixel_count(self) -> int:
        return self.pixels or self.group.campaign.pixels_per_contact

    @property
    def new(self) -> "NewContact":
        """The contact, where there is none yet."""
        return NewContact(self.email, self.extra, **(self.defaults | self.fields))

    def changes(self, contact) -> dict:
        """What the row makes other than it is: field → value."""
        given = self.fields | {"email": self.email, "extra": contact.extra | self.extra}
        return {name: value for name, value in given.items() if getattr(contact, name) != value}


@dataclass(slots=True)
class NewContact:
    """What is to be stored of a contact. To make a model object takes many times as long."""

    email: str
    extra: dict
    name: str = ""
    external_id: str = ""
    scheduled_at: datetime = field(default_factory=timezone.now)
    sent_at: datetime | None = None

    NAMES = ("group", "email", "email_key", "name", "external_id", "scheduled_at", "sent_at")
    NAMES += ("extra", "created_at")

    def values(self, place: Place, now: datetime) -> tuple:
        """Of the fields NAMES."""
        about = self.email, place[1], self.name, self.external_id, self.scheduled_at, self.sent_at
        return place[0], *about, self.extra, now


class Taken(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    GROUP_GONE = "group_gone"  # somebody deleted it meanwhile
    ERASED = "erased"  # the person asked to be forgotten


@dataclass(frozen=True)
class Outcome:
    """What became of a row, and the id of its contact (None where it was not taken in)."""

    taken: Taken
    contact_id: int | None = None


class Plan:
    """What a chunk of rows makes of the contacts that stand at their places."""

    def __init__(self, groups: set[int], erased: set[tuple[int, str]], known: dict):
        self.groups, self.erased, self.known = groups, erased, known
        self.outdated: dict[Place, models.Model] = {}
        self.new: dict[Place, NewContact] = {}
        self.rows: dict[Place, ContactRow] = {}  # the first row of each new contact
        self.rescheduled: dict[Place, tuple] = {}  # when they were scheduled and sent, before

    def take(self, row: ContactRow) -> Taken:
        place = row.place
        if place[0] not in self.groups:
            return Taken.GROUP_GONE
        if self.erased and row.address in self.erased:
            return Taken.ERASED
        contact = self.known.get(place) or self.new.get(place)
        if contact is None:
            self.new[place] = row.new
            self.rows[place] = row
            return Taken.CREATED
        changes = row.changes(contact)
        if not changes:
            return Taken.UNCHANGED
        if changes.keys() & MAIL_TIMES and place in self.known:
            self.rescheduled.setdefault(place, (contact.scheduled_at, contact.sent_at))
        for name, value in changes.items():
            setattr(contact, name, value)
        if place in self.known:
            self.outdated[place] = contact
        return Taken.UPDATED

    def changes(self, campaigns: Iterable[int]) -> ContactChanges:
        changes = ContactChanges(campaigns)
        changes.add_all({place: contact.scheduled_at for place, contact in self.new.items()})
        for place, was in self.rescheduled.items():
            contact = self.known[place]
            before = Standing(contact.pk, *place, *was)
            changes.reschedule(before, contact.scheduled_at, contact.sent_at)
        return changes


class ScheduleQuerySet(GroupScopedQuerySet):
    def schedule_many(self, rows: Sequence[ContactRow]) -> list[Outcome]:
        """Take in contacts, with their pixels; the outcome of each row, in the order given.

        An address that its group has already, from before or from an earlier row, keeps its
        contact and pixels, and the fields given are brought up to date. So the same rows may
        come again, also at the same time. Each chunk is stored whole or not at all; IntegrityError
        where other requests were faster again and again.
        """
        outcomes: list[Outcome | None] = [None] * len(rows)
        # All sort in the same way, so that nobody waits for somebody who waits for them.
        order = sorted(range(len(rows)), key=lambda number: rows[number].place)
        for start in range(0, len(order), CHUNK):
            numbers = order[start : start + CHUNK]
            chunk = [rows[number] for number in numbers]
            for number, outcome in zip(numbers, self._schedule_chunk(chunk), strict=True):
                outcomes[number] = outcome
        return outcomes

    @retry_overtaken
    @retry_transaction
    @transaction.atomic
    def _schedule_chunk(self, rows: list[ContactRow]) -> list[Outcome]:
        return self.take_in(rows)

    def take_in(self, rows: list[ContactRow]) -> list[Outcome]:
        """`schedule_many` for a chunk of rows, sorted by place, inside a transaction of the
        caller's. IntegrityError where others were faster: then the whole of it is to be tried
        again."""
        groups = groups_in_sight(rows)
        present = [row for row in rows if row.place[0] in groups]
        contacts = self._known(present)
        contacts |= self._lock_outdated(present, contacts)
        plan = Plan(groups, erased_among(present), contacts)
        taken = [plan.take(row) for row in rows]
        self._overwrite_locked(plan.outdated.values())
        ids = {place: contact.pk for place, contact in contacts.items()}
        if plan.new:
            ids |= self._insert_with_pixels(plan.new, plan.rows)
        # Whoever erases an address remembers it first and looks for contacts then: one of the
        # two sees the other.
        if erased_among(plan.rows.values()):
            raise Overtaken
        plan.changes({row.group.campaign_id for row in present}).settle()
        return [Outcome(what, ids.get(row.place)) for what, row in zip(taken, rows, strict=True)]

    def foresee(self, rows: list[ContactRow]) -> list[Taken]:
        """What `take_in` would make of the rows at this moment. Writes nothing."""
        plan = Plan(groups_in_sight(rows), erased_among(rows), self._known(rows))
        return [plan.take(row) for row in rows]

    def _known(self, rows) -> dict:
        return by_place(self._at(row.place for row in rows))

    def _at(self, places: Iterable[Place]):
        """What stands at these places. One query, through the unique index."""
        keys = {}
        for group, key in places:
            keys.setdefault(group, set()).add(key)
        condition = Q(pk__in=())
        for group, some in keys.items():
            condition |= Q(group=group, email_key__in=some)
        return self.model.objects.filter(condition)

    def _lock_outdated(self, rows, contacts: dict) -> dict:
        """Lock the contacts that a row would change, sorted, and read them as they are by then:
        what was not given must not be written back as it was before somebody changed it."""
        outdated = {
            contacts[row.place].pk: row.place
            for row in rows
            if row.place in contacts and row.changes(contacts[row.place])
        }
        if not outdated:
            return {}
        locked = self.model.objects.select_for_update().filter(pk__in=outdated).order_by("pk")
        fresh = by_place(locked)
        if fresh.keys() != set(outdated.values()):
            raise Overtaken
        return fresh

    def _overwrite_locked(self, contacts):
        """Write contacts that are locked, many in a statement; all of them exist."""
        fields = ["email", "name", "external_id", "scheduled_at", "sent_at", "extra"]
        # MySQL takes any unique key for the conflict, and Django refuses to name one there.
        named = connections[self.db].features.supports_update_conflicts_with_target
        for some in light(sorted(contacts, key=lambda contact: contact.pk)):
            self.model.objects.bulk_create(
                some,
                update_conflicts=True,
                update_fields=fields,
                unique_fields=["pk"] if named else None,
            )

    def _insert_with_pixels(
        self, contacts: dict[Place, NewContact], rows: dict
    ) -> dict[Place, int]:
        """Store new contacts with their pixels; their ids."""
        now = timezone.now()
        values = [contact.values(place, now) for place, contact in contacts.items()]
        insert_rows(self.model, NewContact.NAMES, values)
        # MySQL tells no ids of many rows.
        stored = self._at(rows).values_list("group_id", "email_key", "pk")
        ids = {(group, key): pk for group, key, pk in stored}
        pixels = [
            (ids[place], number)
            for place, row in rows.items()
            for number in range(1, row.pixel_count + 1)
        ]
        pixel = self.model.pixels.rel.related_model
        named = [(*of, uuid) for of, uuid in zip(pixels, ordered_uuids(len(pixels)), strict=True)]
        insert_rows(pixel, ("contact", "number", "uuid"), named)
        return ids


def groups_in_sight(rows) -> set[int]:
    """The ids of those of the rows' groups that nobody has removed."""
    asked = {row.place[0] for row in rows}
    return set(Group.objects.filter(pk__in=asked).values_list("pk", flat=True))


def erased_among(rows) -> set[tuple[int, str]]:
    """Those of the rows' addresses that are erased in their teams. Most teams have erased nobody,
    and then no address is hashed."""
    groups = {row.place[0]: row.group for row in rows}
    teams = {group.campaign.team_id for group in groups.values()}
    if not ErasedAddress.objects.filter(team__in=teams).exists():
        return set()
    return ErasedAddress.objects.among(row.address for row in rows)


def light(contacts) -> Iterator[list]:
    """The contacts in parts that a statement takes each: what is kept with them can be long."""
    part, length = [], 0
    for contact in contacts:
        length += len(json.dumps(contact.extra)) if contact.extra else 0
        if part and length > MOST_EXTRA:
            yield part
            part, length = [], 0
        part.append(contact)
    if part:
        yield part


def by_place(contacts) -> dict:
    return {(contact.group_id, contact.email_key): contact for contact in contacts}
