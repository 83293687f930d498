"""The counts that statistics are made of. Each function is one query unless it says otherwise."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from django.db.models import CharField, Count, Q, Sum
from django.db.models.functions import Cast, Left

from campaigns.models import ScheduledCount, SharedContact
from tracking.models import OpeningBreakdown, OpeningCount
from tracking.models.contact_openings import due_from
from tracking.models.tally import MEASURES, READ_AT_ONCE
from tracking.statistics.question import limits_of

Dimension = OpeningBreakdown.Dimension
TOLD = [Dimension.CLIENT, Dimension.OS, Dimension.REASON, Dimension.DELAY, Dimension.RENDERED]
TO_THE_HOUR, TO_THE_MINUTE = len("2026-03-01 12"), len("2026-03-01 12:15")
MINUTE, NOON = timedelta(minutes=1), timedelta(hours=12)
FEW_DAYS = 4  # of a schedule, that are read by the minute


def by_time(groups: Iterable[int], begin: datetime, end: datetime, by_hour: bool):
    """(group id, verdict, moment, sum of each measure), by hours or quarters of an hour"""
    # Both databases keep UTC. TruncHour would call a Python function per row on SQLite.
    text = Left(Cast("quarter", CharField()), TO_THE_HOUR if by_hour else TO_THE_MINUTE)
    counts = OpeningCount.objects.filter(
        group__in=list(groups), quarter__gte=begin, quarter__lt=end
    ).order_by()
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


@dataclass
class Schedules:
    """Group id → time → contacts that are scheduled for it and due. The times are minutes, but for
    those before `precise_from`, which are days, each at noon."""

    times: dict[int, dict[datetime, int]]
    precise_from: datetime

    def of(self, group: int) -> dict[datetime, int]:
        return self.times.get(group, {})

    def precise(self, group: int) -> dict[datetime, int]:
        return {at: n for at, n in self.of(group).items() if at >= self.precise_from}


def schedules(groups: Iterable[int], as_of: datetime) -> Schedules:
    """In two queries: a number for each day, and the minutes of the last FEW_DAYS that have any.
    Those of a year would take seconds."""
    now, times = due_from(as_of), defaultdict(lambda: defaultdict(int))
    rows = ScheduledCount.objects.filter(
        group__in=list(groups), day__lte=now.date(), contacts__gt=0
    )
    days = list(rows.values_list("group", "day", "contacts"))
    last = sorted({day for _, day, _ in days})[-FEW_DAYS:]
    for group, day, contacts in days:
        if day not in last:
            times[group][limits_of(day)[0] + NOON] += contacts
    this_day, this_minute = f"{now:%Y-%m-%d}", f"{now:%H:%M}"
    for group, date_, minutes in rows.filter(day__in=last).values_list("group", "day", "minutes"):
        day = str(date_)  # there may be thousands of minutes
        for text, contacts in minutes.items():
            if day < this_day or text <= this_minute:
                times[group][moment_of(f"{day} {text}")] += contacts
    return Schedules(times, limits_of(last[0])[0] if last else now)
