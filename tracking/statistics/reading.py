"""The counts that statistics are made of. Each function is one query unless it says otherwise."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db.models import CharField, Count, Q, Sum
from django.db.models.functions import Cast, Left

from campaigns.models import ScheduledCount, SharedContact
from tracking.models import OpeningBreakdown, OpeningCount
from tracking.models.contact_openings import due_from
from tracking.models.tally import MEASURES
from tracking.statistics.question import Question

Dimension = OpeningBreakdown.Dimension
TOLD = [Dimension.CLIENT, Dimension.OS, Dimension.REASON, Dimension.DELAY, Dimension.RENDERED]
TO_THE_HOUR, TO_THE_MINUTE = len("2026-03-01 12"), len("2026-03-01 12:15")
MINUTE = timedelta(minutes=1)
FEW_DAYS = 4  # of a schedule, beyond which hours are precise enough


def sums() -> dict:
    return {f"sum_{measure}": Sum(measure) for measure in MEASURES}


def totals(groups: Iterable[int]):
    """(group id, contacts that have opened, those of them by a person or on behalf of one)"""
    counts = OpeningCount.objects.filter(group__in=list(groups)).order_by()
    return counts.values_list("group").annotate(Sum("first_openings"), Sum("first_verified"))


def by_time(groups: Iterable[int], question: Question):
    """(group id, verdict, moment, sum of each measure), by hours or quarters of an hour"""
    # Both databases keep UTC. TruncHour would call a Python function per row on SQLite.
    length = TO_THE_HOUR if question.is_by_hour else TO_THE_MINUTE
    begin = Left(Cast("quarter", CharField()), length)
    counts = OpeningCount.objects.filter(group__in=list(groups), **question.quarters()).order_by()
    for group, verdict, text, *numbers in counts.values_list("group", "verdict", begin).annotate(
        *sums().values()
    ):
        moment = datetime.fromisoformat(text if ":" in text else f"{text}:00")
        yield group, verdict, moment.replace(tzinfo=UTC), *numbers


def by_trait(groups: Iterable[int], question: Question):
    """(group id, dimension, value, verdict, sum of each measure), on whole days"""
    rows = OpeningBreakdown.objects.filter(
        group__in=list(groups), dimension__in=TOLD, **question.days()
    )
    keys = rows.order_by().values_list("group", "dimension", "value", "verdict")
    return keys.annotate(*sums().values())


def shared(groups: Iterable[int], as_of: datetime) -> dict[int, tuple[int, int, int, int]]:
    """Group id → of the contacts whose addresses another group has as well: how many they are, how
    many are due, have opened, and have opened verified. They are few, and so it may join."""
    opened = Q(contact__opened__isnull=False)
    is_due = Q(contact__scheduled_at__lt=due_from(as_of) + MINUTE) | opened
    rows = SharedContact.objects.filter(group__in=list(groups)).order_by().values_list("group")
    found = rows.annotate(
        all=Count("pk"),
        due=Count("pk", filter=is_due),
        opened=Count("pk", filter=opened),
        verified=Count("contact__opened__first_verified_at"),
    )
    return {group: tuple(numbers) for group, *numbers in found}


def schedules(groups: Iterable[int], as_of: datetime) -> dict[int, dict[datetime, int]]:
    """Group id → contacts by the time they are scheduled for, of those that are due. The times are
    minutes, or hours where there are many; and of all groups the same."""
    now, found = due_from(as_of), defaultdict(lambda: defaultdict(int))
    rows = ScheduledCount.objects.filter(group__in=list(groups), day__lte=now.date()).values_list(
        "group", "day", "minutes"
    )
    rows = list(rows)
    long = len({day for _, day, _ in rows}) > FEW_DAYS
    for group, day, minutes in rows:
        for text, contacts in minutes.items():
            hour, minute = int(text[:2]), int(text[3:])
            at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
            if at <= now:
                found[group][at.replace(minute=0) if long else at] += contacts
    return found
