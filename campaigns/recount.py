"""What is kept beside the contacts of a campaign, worked out anew from them: how many are
scheduled for when, and which addresses are in several groups.

In slices, each a short transaction that has the turn of the campaign: so contacts may come and go
meanwhile, and what is kept is right after each slice as far as it reaches.
"""

from collections import Counter
from collections.abc import Iterator

from django.db import transaction
from django.db.models import Count

from accounts.retry import retry_transaction
from campaigns.models import CampaignTurn, Contact, Group, ScheduledCount, SharedContact
from campaigns.models.scheduled_count import DAY_MINUTES, minute_of, moment_of

SLICE = 5_000  # contacts; more only where they are all scheduled for the same minute
DAYS = 7
ADDRESSES = 1_000

Minutes = tuple[int | None, int | None]  # from, and up to but without; None: no bound


def recount_contacts(campaign_id: int) -> int:
    """How many of the kept rows were wrong."""
    return sum(recount_steps(campaign_id))


def recount_steps(campaign_id: int) -> Iterator[int]:
    """The same, step by step: how many were wrong in each of the slices."""
    for group in Group.everything.filter(campaign=campaign_id).order_by("pk"):
        for minutes in slices_of(group.pk):
            yield mend_minutes(group.pk, minutes)
        for first in weeks_of(group.pk):
            yield mend_days(group.pk, first)
        yield from mend_marked(group.pk)
        yield from mend_addresses(group.pk)


def take_turn(group: int) -> list[int]:
    """Of the group's campaign; the ids of all of its groups, none if this one is gone."""
    campaigns = Group.everything.filter(pk=group).values_list("campaign", flat=True)
    return next(iter(CampaignTurn.objects.take(campaigns)), [])


# -- When they are scheduled -----------------------------------------------------------------------
def slices_of(group: int) -> Iterator[Minutes]:
    moments = Contact.objects.filter(group=group).order_by("scheduled_at")
    begins = None
    while True:
        left = within(moments, "scheduled_at", (begins, None), moment_of)
        following = list(left.values_list("scheduled_at", flat=True)[SLICE : SLICE + 1])
        if not following:
            yield begins, None
            return
        ends = minute_of(following[0])
        if begins is not None:
            ends = max(ends, begins + 1)
        yield begins, ends
        begins = ends


@retry_transaction
@transaction.atomic
def mend_minutes(group: int, minutes: Minutes) -> int:
    """Count the contacts of these minutes, and mend what is kept of them."""
    take_turn(group)
    contacts = within(Contact.objects.filter(group=group), "scheduled_at", minutes, moment_of)
    if is_one(minutes):
        counted = Counter({minutes[0]: contacts.count()})
    else:
        counted = Counter()
        moments = contacts.order_by().values_list("scheduled_at")
        for moment, number in moments.annotate(number=Count("*")):
            counted[minute_of(moment)] += number
    return mend(group, ScheduledCount.Span.MINUTE, minutes, counted)


def weeks_of(group: int) -> Iterator[int]:
    """The first days of weeks that together have all that is kept of the group."""
    kept = ScheduledCount.objects.filter(group=group)
    first = None
    while True:
        left = within(kept, "begins", (first, None))
        next_ones = [
            begins
            for span in ScheduledCount.Span
            for begins in left.filter(span=span)
            .order_by("begins")
            .values_list("begins", flat=True)[:1]
        ]
        if not next_ones:
            return
        day = min(next_ones) // DAY_MINUTES * DAY_MINUTES
        yield day
        first = day + DAYS * DAY_MINUTES


@retry_transaction
@transaction.atomic
def mend_days(group: int, first: int) -> int:
    """Add up the minutes of a week, from this day on."""
    take_turn(group)
    week = first, first + DAYS * DAY_MINUTES
    kept = ScheduledCount.objects.filter(group=group, span=ScheduledCount.Span.MINUTE)
    counted = Counter()
    for begins, number in within(kept, "begins", week).values_list("begins", "contacts"):
        counted[begins // DAY_MINUTES * DAY_MINUTES] += number
    return mend(group, ScheduledCount.Span.DAY, week, counted)


def mend(group: int, span: ScheduledCount.Span, minutes: Minutes, counted: Counter) -> int:
    kept = ScheduledCount.objects.filter(group=group, span=span)
    found = within(kept, "begins", minutes)
    wrong = +counted
    wrong.subtract(dict(found.values_list("begins", "contacts")))
    wrong = {begins: number for begins, number in wrong.items() if number}
    ScheduledCount.objects.add_rows(
        [(group, span.value, begins, wrong[begins]) for begins in sorted(wrong)]
    )
    found.filter(contacts=0).delete()
    return len(wrong)


def within(rows, field: str, minutes: Minutes, written=lambda minute: minute):
    first, end = minutes
    if first is not None:
        rows = rows.filter(**{f"{field}__gte": written(first)})
    return rows if end is None else rows.filter(**{f"{field}__lt": written(end)})


def is_one(minutes: Minutes) -> bool:
    return None not in minutes and minutes[1] - minutes[0] == 1


# -- Which addresses are in several groups ---------------------------------------------------------
def mend_marked(group: int) -> Iterator[int]:
    """Look at the marks that there are."""
    last, wrong = 0, 0
    while last is not None:
        last, wrong = mend_marks(group, last)
        yield wrong


@retry_transaction
@transaction.atomic
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


def mend_addresses(group: int) -> Iterator[int]:
    """Look at all contacts."""
    last, wrong = "", 0
    while last is not None:
        last, wrong = mend_next_addresses(group, last)
        yield wrong


@retry_transaction
@transaction.atomic
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
