"""What is kept beside the contacts of a campaign, worked out anew from them: how many are
scheduled for when, and which addresses are in several groups.

In slices, each a short transaction that has the turn of the campaign: so contacts may come and go
meanwhile, and what is kept is right after each slice as far as it reaches.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Count

from accounts.retry import retry_transaction
from campaigns.models import CampaignTurn, Contact, Group, ScheduledCount, SharedContact
from campaigns.models.scheduled_count import minute_of

SLICE = 5_000  # contacts; more only where they are all scheduled for the same minute
ADDRESSES = 1_000
DAY = 24 * 60
ALMOST_A_MINUTE = timedelta(seconds=59, microseconds=999_999)

Minutes = tuple[int, int]  # from midnight: from, and up to but without


def recount_contacts(campaign_id: int) -> int:
    """How much of what is kept was wrong, about; 0 where all was right."""
    return sum(recount_steps(campaign_id))


def recount_steps(campaign_id: int, mend: bool = True) -> Iterator[int]:
    """The same, step by step: how much was wrong in each slice, and stays so unless `mend`."""
    for group in Group.everything.filter(campaign=campaign_id).order_by("pk"):
        for day in days_of(group.pk):
            for minutes in slices_of(group.pk, day):
                yield mend_minutes(group.pk, day, minutes, mend)
        yield from mend_marked(group.pk, mend)
        yield from mend_addresses(group.pk, mend)


def slice_of_work(work):
    """A transaction of its own, whose last argument says whether what it has mended stays so."""

    @retry_transaction
    @transaction.atomic
    def done(*arguments):
        *arguments, mend = arguments
        found = work(*arguments)
        if not mend:
            transaction.set_rollback(True)
        return found

    return done


def take_turn(group: int) -> list[int]:
    """Of the group's campaign; the ids of all of its groups, none if this one is gone."""
    campaigns = Group.everything.filter(pk=group).values_list("campaign", flat=True)
    return next(iter(CampaignTurn.objects.take(campaigns)), [])


# -- When they are scheduled -----------------------------------------------------------------------
def days_of(group: int) -> Iterator[date]:
    """Those that have contacts, or counts."""
    contacts, kept = Contact.objects.filter(group=group), ScheduledCount.objects.filter(group=group)
    while True:
        moments = contacts.order_by("scheduled_at").values_list("scheduled_at", flat=True)[:1]
        days = kept.order_by("day").values_list("day", flat=True)[:1]
        found = [*days, *(minute_of(moment)[0] for moment in moments)]
        if not found:
            return
        day = min(found)
        yield day
        contacts = contacts.filter(scheduled_at__gt=datetime.combine(day, time.max, UTC))
        kept = kept.filter(day__gt=day)


def slices_of(group: int, day: date) -> Iterator[Minutes]:
    begins = 0
    while begins < DAY:
        left = scheduled_in(group, day, (begins, DAY)).order_by("scheduled_at")
        following = list(left.values_list("scheduled_at", flat=True)[SLICE : SLICE + 1])
        ends = DAY
        if following:
            moment = following[0].astimezone(UTC)
            ends = max(moment.hour * 60 + moment.minute, begins + 1)
        yield begins, ends
        begins = ends


def scheduled_in(group: int, day: date, minutes: Minutes):
    begins, ends = minutes
    midnight = datetime.combine(day, time.min, UTC)
    return Contact.objects.filter(
        group=group,
        scheduled_at__gte=midnight + timedelta(minutes=begins),
        scheduled_at__lte=midnight + timedelta(minutes=ends - 1) + ALMOST_A_MINUTE,
    )


@slice_of_work
def mend_minutes(group: int, day: date, minutes: Minutes) -> int:
    """Count the contacts of these minutes, and mend what is kept of them."""
    if not take_turn(group):
        return 0
    counted = Counter()
    moments = scheduled_in(group, day, minutes).order_by().values_list("scheduled_at")
    for moment, number in moments.annotate(number=Count("*")):
        counted[minute_of(moment)[1]] += number
    row = ScheduledCount.objects.filter(group=group, day=day).first()
    row = row or ScheduledCount(group_id=group, day=day)
    begins, ends = (f"{minute // 60:02}:{minute % 60:02}" for minute in minutes)
    counted.subtract({key: n for key, n in row.minutes.items() if begins <= key < ends})
    wrong = {minute: difference for minute, difference in counted.items() if difference}
    row.add(wrong)
    total = sum(row.minutes.values())
    found = len(wrong) + (row.contacts != total)
    row.contacts = total
    if found:
        ScheduledCount.objects.store([row])
    if not row.minutes:
        ScheduledCount.objects.filter(group=group, day=day).delete()
    return found


# -- Which addresses are in several groups ---------------------------------------------------------
def mend_marked(group: int, mend: bool) -> Iterator[int]:
    """Look at the marks that there are."""
    last, wrong = 0, 0
    while last is not None:
        last, wrong = mend_marks(group, last, mend)
        yield wrong


@slice_of_work
def mend_marks(group: int, last: int) -> tuple[int | None, int]:
    """Of the next marked contacts; the id of the last of them, and how many marks were wrong."""
    groups = take_turn(group)
    marks = SharedContact.objects.filter(group=group, contact__gt=last).order_by("contact_id")
    contacts = list(marks.values_list("contact_id", flat=True)[:ADDRESSES])
    if not contacts:
        return None, 0
    own = Contact.objects.filter(group=group, pk__in=contacts)
    stray = set(contacts) - set(own.values_list("pk", flat=True))
    SharedContact.objects.unmark(stray)
    keys = set(own.not_erased().values_list("email_key", flat=True))
    return contacts[-1], len(stray) + SharedContact.objects.mark_anew(groups, keys)


def mend_addresses(group: int, mend: bool) -> Iterator[int]:
    """Look at all contacts."""
    last, wrong = "", 0
    while last is not None:
        last, wrong = mend_next_addresses(group, last, mend)
        yield wrong


@slice_of_work
def mend_next_addresses(group: int, last: str) -> tuple[str | None, int]:
    groups = take_turn(group)
    if len(groups) < 2:
        return None, 0
    # Of erased persons it isn't known any more what else was theirs: their marks stay.
    contacts = Contact.objects.not_erased().filter(group=group, email_key__gt=last)
    keys = list(contacts.order_by("email_key").values_list("email_key", flat=True)[:ADDRESSES])
    if not keys:
        return None, 0
    return keys[-1], SharedContact.objects.mark_anew(groups, set(keys))
