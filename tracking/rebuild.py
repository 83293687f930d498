"""Rebuild: the counts made anew from the openings, while hits keep coming.

First what is kept beside the contacts of each campaign, as `campaigns/recount.py` has it; then what
is known of each contact, under the contact's lock, as corrections make it. Then, for
one group and day (UTC) after the other,

    kept = archived + what the openings that are left count as, and the first ones among them

Why the result is exact: whoever changes openings, what is known of contacts, or the archive, adds
to the counts as the last step of that transaction, and before it adds it locks the CountedDay of
every day of which a sum changes (see CountQuerySet.add). To rebuild a day is to lock its CountedDay
first, then to read, then to write the difference. A transaction that had the lock before has
committed by then, and is seen by all that is read, for each statement sees what is committed
(READ COMMITTED). One that wants the lock afterwards has not committed, is seen by nothing that is
read, and adds to what is written here. One that never wants it changes no sum, so that it makes no
difference whether it is seen. Counts that come into being meanwhile, of whatever verdict or value,
are covered, since nobody adds them without the lock of their day. On SQLite, one who writes keeps
all others out.

No deadlock comes of it: all others lock contacts, then days in order, then counts; this locks one
day, and then only counts that others lock after that day.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.retry import retry_transaction
from campaigns.models import Contact, Group
from campaigns.models.adding import add_to
from campaigns.recount import recount_steps
from tracking.models import (
    ArchivedOpeningCount,
    ContactOpenings,
    CountedDay,
    Opening,
    OpeningCount,
    Tally,
)
from tracking.models.tally import MEASURES, Sums, day_of

CONTACTS_AT_ONCE = 500
MOST = 2**63 - 1  # of an id
DAY = timedelta(days=1)

# ("campaigns", 0, campaign id), ("contacts", group id, contact id), ("days", group id, day)
Place = tuple[str, int, int | date]
BEGIN: Place = ("campaigns", 0, 0)


def place_of(text: str) -> Place:
    """ValueError where it is none."""
    kind, group_id, position = text.split("/")
    read = {"campaigns": int, "contacts": int, "days": date.fromisoformat}
    if kind not in read:
        raise ValueError(kind)
    return kind, int(group_id), read[kind](position)


@dataclass(frozen=True)
class Step:
    place: Place  # up to and with this
    done: int  # how many campaigns, contacts or days
    drift: int  # how many contacts' rows differed, or the sum of the counts' absolute differences


class Rebuild:
    """The walk over the groups with these ids. `mend`: whether what differs is written. `after`:
    where a former walk was broken off."""

    def __init__(self, groups: list[int], mend: bool = True, after: Place | None = None):
        self.groups, self.mend, self.after = sorted(groups), mend, after

    def is_left(self, *place) -> bool:
        return self.after is None or place > self.after

    def steps(self) -> Iterator[Step]:
        """All of it."""
        yield from self.campaign_steps()
        yield from self.contact_steps()
        yield from self.day_steps()

    def campaign_steps(self) -> Iterator[Step]:
        """How many contacts are scheduled for when, and which are in several groups."""
        groups, place = Group.objects.filter(pk__in=self.groups), self.after or BEGIN
        for campaign_id in sorted(set(groups.values_list("campaign", flat=True))):
            if self.is_left("campaigns", 0, campaign_id):
                for wrong in recount_steps(campaign_id, self.mend):
                    yield Step(place, 0, wrong)
                place = ("campaigns", 0, campaign_id)
                yield Step(place, 1, 0)

    def contact_steps(self) -> Iterator[Step]:
        """What is known of contacts."""
        for group_id in self.groups:
            if not self.is_left("contacts", group_id, MOST):
                continue  # not even their ids are read
            ids = [pk for pk in contacts_of(group_id) if self.is_left("contacts", group_id, pk)]
            for start in range(0, len(ids), CONTACTS_AT_ONCE):
                some = ids[start : start + CONTACTS_AT_ONCE]
                drift = recount_contacts(group_id, some, self.mend)
                yield Step(("contacts", group_id, some[-1]), len(some), drift)

    def day_steps(self) -> Iterator[Step]:
        """The counts."""
        for group_id in self.groups:
            for day in days_of(group_id):
                if self.is_left("days", group_id, day):
                    yield Step(("days", group_id, day), 1, recount_day(group_id, day, self.mend))


def contacts_of(group_id: int) -> array:
    """Their ids, sorted. MySQL would sort them anew for each portion."""
    ids = Contact.objects.filter(group=group_id).order_by().values_list("pk", flat=True)
    return array("q", sorted(ids.iterator()))


def days_of(group_id: int) -> list[date]:
    """Those on which something was opened, or is counted."""
    days = set(CountedDay.objects.filter(group=group_id).values_list("day", flat=True))
    for model in (OpeningCount, ArchivedOpeningCount):
        quarters = model.objects.filter(group=group_id).values_list("quarter", flat=True)
        days |= {day_of(quarter) for quarter in quarters.distinct()}
        breakdown = model.breakdown.objects.filter(group=group_id)
        days |= set(breakdown.values_list("day", flat=True).distinct())
    openings = Opening.objects.filter(group=group_id).order_by("opened_at")
    moments = openings.values_list("opened_at", flat=True)
    moment = moments.first()
    while moment:
        days.add(day_of(moment))
        moment = moments.filter(opened_at__gte=begin_of(day_of(moment)) + DAY).first()
    return sorted(days)


def begin_of(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


@retry_transaction
@transaction.atomic
def recount_contacts(group_id: int, contacts: list[int], mend: bool) -> int:
    """Of how many of these contacts something else is known than the openings say."""
    groups = dict.fromkeys(lock_opened(contacts), group_id)
    known = ContactOpenings.objects.in_bulk(groups)
    rows = ContactOpenings.objects.recomputed(groups, known)
    for contact_id, row in rows.items():
        if row.archived_openings:  # one of those may have been the last
            row.last_at = max(row.last_at, known[contact_id].last_at)
    if mend:
        tally = Tally()
        drift = ContactOpenings.objects.replace(known, rows, groups, tally)
        OpeningCount.objects.add(tally)
        return drift
    pairs = [(known.get(pk), rows.get(pk)) for pk in groups]
    return sum(said_by(before) != said_by(after) for before, after in pairs)


def lock_opened(contacts: list[int]) -> list[int]:
    """Those of them that were opened, or of whom it is said. Whoever is opened for the first time
    at this moment needs no mending."""
    opened = set(ContactOpenings.objects.filter(pk__in=contacts).values_list("pk", flat=True))
    openings = Opening.objects.filter(contact__in=contacts).order_by()
    opened |= set(openings.values_list("contact", flat=True).distinct())
    locked = Contact.objects.select_for_update().filter(pk__in=opened).order_by("pk")
    return list(locked.values_list("pk", flat=True))


def said_by(row: ContactOpenings | None) -> dict:
    return row.says() if row else {}


def recount_day(group_id: int, day: date, mend: bool) -> int:
    """By how much the counts of a group's day differ from what they have to be: the sum of all
    absolute differences."""
    try:
        return _recount_day(group_id, day, mend)
    except IntegrityError:
        if Group.everything.filter(pk=group_id).exists():
            raise
        return 0  # the group was removed meanwhile


@retry_transaction
@transaction.atomic
def _recount_day(group_id, day, mend) -> int:
    days = CountedDay.objects
    (days.change if mend else days.lock)([(group_id, day)])
    drift = 0
    tables = OpeningCount, OpeningCount.breakdown
    for table, sums in zip(tables, missing(group_id, day), strict=True):
        rows = sums.rows()
        drift += sum(abs(number) for row in rows for number in row[-len(MEASURES) :])
        if mend:
            add_to(table, table.KEY, MEASURES, rows)
    if mend:
        days.filter(group=group_id, day=day).update(drift=0)
    return drift


def missing(group_id: int, day: date) -> tuple[Sums, Sums]:
    """What the counts by quarter lack, and those by dimension: archived + rebuilt - kept."""
    quarters, days = rebuilt(group_id, day).sums()
    own, begin = {"group": group_id}, begin_of(day)
    within = own | {"quarter__gte": begin, "quarter__lt": begin + DAY}
    for model, sign in ((ArchivedOpeningCount, 1), (OpeningCount, -1)):
        quarters.take_in(model.objects.filter(**within).tuples(), sign)
        days.take_in(model.breakdown.objects.filter(**own, day=day).tuples(), sign)
    return quarters, days


def openings_of(group_id: int, day: date) -> QuerySet:
    begin = begin_of(day)
    return Opening.objects.filter(group=group_id, opened_at__gte=begin, opened_at__lt=begin + DAY)


def rebuilt(group_id: int, day: date) -> Tally:
    """What the openings that are left of that day count as, and the first ones among them."""
    tally, openings, begin = Tally(), openings_of(group_id, day), begin_of(day)
    openings.tally(tally)
    opened = ContactOpenings.objects.filter(contact__in=openings.order_by().values("contact"))
    opened.tally_firsts(tally, group_id, begin, begin + DAY)
    return tally
