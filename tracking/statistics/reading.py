"""The counts that statistics are made of. Each function is one query."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, reduce
from operator import or_

from django.db.models import CharField, Count, Q, Sum
from django.db.models.functions import Cast, Left

from campaigns.models import SharedContact
from tracking.models import OpeningBreakdown, OpeningCount
from tracking.models.contact_openings import due_from
from tracking.models.tally import MEASURES, READ_AT_ONCE

Dimension = OpeningBreakdown.Dimension
TOLD = [Dimension.CLIENT, Dimension.OS, Dimension.REASON, Dimension.DELAY, Dimension.RENDERED]
TO_THE_HOUR, TO_THE_MINUTE = len("2026-03-01 12"), len("2026-03-01 12:15")
MINUTE = timedelta(minutes=1)


def by_time(groups: Iterable[int], limits: Iterable[tuple[datetime, datetime]], by_hour: bool):
    """(group id, verdict, moment, sum of each measure), by hours or quarters of an hour. `limits`:
    from when on, and before when; at least once, and more where there are gaps in between."""
    within = reduce(or_, (Q(quarter__gte=begin, quarter__lt=end) for begin, end in limits))
    # Both databases keep UTC. TruncHour would call a Python function per row on SQLite.
    text = Left(Cast("quarter", CharField()), TO_THE_HOUR if by_hour else TO_THE_MINUTE)
    counts = OpeningCount.objects.filter(within, group__in=list(groups)).order_by()
    sums = {f"sum_{measure}": Sum(measure) for measure in MEASURES}
    keys = counts.values_list("group", "verdict", text)
    for group, verdict, at, *numbers in keys.annotate(**sums):
        yield group, verdict, moment_of(at), *numbers


@lru_cache(maxsize=10_000)  # all groups and verdicts have the same
def moment_of(text: str) -> datetime:
    """Of the beginning of a time in UTC, to the hour or to the minute."""
    return datetime.fromisoformat(text if ":" in text else f"{text}:00").replace(tzinfo=UTC)


def by_trait(groups: Iterable[int], first: date, last: date):
    """(group id, day, dimension, value, verdict, each measure), up to and with the last day"""
    rows = OpeningBreakdown.objects.filter(
        group__in=list(groups), dimension__in=TOLD, day__gte=first, day__lte=last
    )
    # As text, because Django would take longer to make dates of so many than the database to read.
    day = Cast("day", CharField())
    found = rows.order_by().values_list("group", day, "dimension", "value", "verdict", *MEASURES)
    for group, text, *more in found.iterator(READ_AT_ONCE):
        yield group, date_of(text), *more


@lru_cache(maxsize=10_000)
def date_of(text: str) -> date:
    return date.fromisoformat(text)


def shared(groups: Iterable[int], as_of: datetime) -> dict[int, tuple[int, int, int, int]]:
    """Group id → of the contacts whose addresses another group has as well: how many they are, how
    many are due by schedule, and of those how many have opened, and have opened verified. It
    joins, and costs what their number costs."""
    is_due = Q(contact__scheduled_at__lt=due_from(as_of) + MINUTE)
    rows = SharedContact.objects.filter(group__in=list(groups)).order_by().values_list("group")
    found = rows.annotate(
        all=Count("pk"),
        due=Count("pk", filter=is_due),
        opened=Count("contact__opened", filter=is_due),
        verified=Count("contact__opened__first_verified_at", filter=is_due),
    )
    return {group: tuple(numbers) for group, *numbers in found}
