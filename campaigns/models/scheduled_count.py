"""How many contacts are scheduled for when: what figures read instead of the contacts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from django.db import models
from django.db.models import Q, Sum

from campaigns.models.adding import add_to
from campaigns.models.campaign import Group
from campaigns.models.scoped import GroupScopedQuerySet

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY_MINUTES = 24 * 60
WRITTEN_AT_ONCE = 2_000  # rows of a statement


def minute_of(moment: datetime) -> int:
    """The minutes from 1970 (UTC) to the one that holds the moment."""
    return (moment - EPOCH) // MINUTE


def moment_of(minute: int) -> datetime:
    """When it begins."""
    return EPOCH + minute * MINUTE


def day_of(minute: int) -> int:
    """The minute with which its day (UTC) begins."""
    return minute - minute % DAY_MINUTES


class ScheduledCountQuerySet(GroupScopedQuerySet):
    def add(self, differences: Mapping[tuple[int, datetime], int]):
        """Bring the counts up to date, by group id and moment, in the transaction of the contacts
        that changed. Whoever calls has the turn of their campaigns (see CampaignTurn)."""
        self.add_rows(rows_of(differences))

    def add_rows(self, rows: Sequence[tuple[int, int, int, int]]):
        """The same, by (group id, span, minute, difference), sorted."""
        for start in range(0, len(rows), WRITTEN_AT_ONCE):
            some = rows[start : start + WRITTEN_AT_ONCE]
            add_to(self.model, ("group", "span", "begins"), ("contacts",), some)

    def contacts_and_due(self, groups: Iterable[int], at: datetime) -> dict[int, tuple[int, int]]:
        """Group id → (contacts, those of them that are due at that moment). Groups without
        contacts may be missing.

        A contact is due from the beginning of the minute on that it is scheduled for. It takes
        one query, which reads a row per day, and those of the minutes of one day.
        """
        this_minute = minute_of(at)
        today = day_of(this_minute)
        days = Q(span=self.model.Span.DAY)
        passed = Q(span=self.model.Span.MINUTE, begins__gte=today, begins__lte=this_minute)
        sums = (
            self.filter(days | passed, group__in=list(groups))
            .values("group")
            .annotate(
                all=Sum("contacts", filter=days, default=0),
                due=Sum("contacts", filter=passed | (days & Q(begins__lt=today)), default=0),
            )
        )
        return {row["group"]: (row["all"], row["due"]) for row in sums}

    def remove_some(self, most: int) -> int:
        """Delete some of these, of one group; how many that were."""
        some = self.order_by("group_id", "span", "begins").values_list("group", "span", "begins")
        keys = list(some[:most])
        if not keys:
            return 0
        group, span, first = keys[0]
        last = max(begins for *of, begins in keys if of == [group, span])
        own = self.filter(group=group, span=span, begins__gte=first, begins__lte=last)
        return own.delete()[0]


def rows_of(differences: Mapping[tuple[int, datetime], int]) -> list[tuple[int, int, int, int]]:
    """(group id, span, minute, difference), sorted as the table is, without empty ones."""
    of_minute, of_day = ScheduledCount.Span.MINUTE.value, ScheduledCount.Span.DAY.value
    minutes, days = Counter(), Counter()
    for (group, moment), difference in differences.items():
        minute = minute_of(moment)
        minutes[group, of_minute, minute] += difference
        days[group, of_day, day_of(minute)] += difference
    found = sorted([*minutes.items(), *days.items()])
    return [(*key, difference) for key, difference in found if difference]


class ScheduledCount(models.Model):
    """Contacts of a group that are scheduled for the same minute, or for the same day (UTC).

    Days are the sums of their minutes: of all that is due, most lies in days that have passed.
    """

    class Span(models.IntegerChoices):
        MINUTE = 1
        DAY = DAY_MINUTES

    # By its key and not by an id, in whole numbers: an import whose contacts are all scheduled
    # for other minutes writes as many rows as contacts, and this takes a third of the time.
    pk = models.CompositePrimaryKey("group", "span", "begins")
    group = models.ForeignKey(
        Group, models.CASCADE, related_name="scheduled_counts", db_index=False
    )
    span = models.PositiveSmallIntegerField(choices=Span, help_text="So many minutes.")
    begins = models.BigIntegerField(help_text="In minutes from 1970 (UTC).")
    contacts = models.IntegerField(default=0)

    objects = ScheduledCountQuerySet.as_manager()

    def __str__(self):
        return f"{self.group_id} {moment_of(self.begins):%Y-%m-%d %H:%M} {self.span}"
