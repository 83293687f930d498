"""How many contacts are scheduled for when: what figures read instead of the contacts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache

from django.db import connections, models
from django.db.models import Q

from campaigns.models.campaign import Group
from campaigns.models.scheduled_times import LAST_MINUTE, ScheduledTimes
from campaigns.models.scoped import GroupScopedQuerySet

WRITTEN_AT_ONCE = 100  # rows of a statement; the minutes of a full day are 15 KB
FEW_DAYS = 4  # of a schedule, that are read by the minute

Day = tuple[int, date]  # of a group


@lru_cache(maxsize=1024)  # whole lists are scheduled for the same moments
def minute_of(moment: datetime) -> tuple[date, str]:
    """The day (UTC) and its minute that hold the moment, as in "07:15"."""
    moment = moment.astimezone(UTC)
    return moment.date(), f"{moment:%H:%M}"


class ScheduledCountQuerySet(GroupScopedQuerySet):
    def add(self, differences: Mapping[tuple[int, datetime], int]):
        """Bring the counts up to date, by group id and moment, in the transaction of the contacts
        that changed. Whoever calls has the turn of their campaigns (see CampaignTurn): the rows
        are read and written back."""
        days: dict[Day, Counter] = defaultdict(Counter)
        for (group, moment), difference in differences.items():
            day, minute = minute_of(moment)
            days[group, day][minute] += difference
        rows = self._at(days)
        for place, minutes in days.items():
            rows[place].add(minutes)
        self.store([rows[place] for place in sorted(rows)])

    def _at(self, days: Iterable[Day]) -> dict[Day, "ScheduledCount"]:
        """The rows of these days, new ones where there are none."""
        rows = {
            (group, day): self.model(group_id=group, day=day, contacts=0, minutes={})
            for group, day in days
        }
        by_group = defaultdict(list)
        for group, day in rows:
            by_group[group].append(day)
        condition = Q(group__in=())
        for group, own in by_group.items():
            condition |= Q(group=group, day__in=own)
        rows.update({(row.group_id, row.day): row for row in self.filter(condition)})
        return rows

    def store(self, rows: list["ScheduledCount"]):
        # MySQL takes any unique key for the conflict, and Django refuses to name one there.
        named = connections[self.db].features.supports_update_conflicts_with_target
        self.bulk_create(
            rows,
            batch_size=WRITTEN_AT_ONCE,
            update_conflicts=True,
            update_fields=["contacts", "minutes"],
            unique_fields=["group", "day"] if named else None,
        )

    def schedules(self, groups: Iterable[int], at: datetime) -> ScheduledTimes:
        """When the contacts of these groups are scheduled, and which of them are due at that
        moment. A contact is due from the beginning of the minute on that it is scheduled for.

        In two queries: a number for each day, and the minutes of the last FEW_DAYS up to that
        moment that have any. Those of a year would take seconds.
        """
        today, this_minute = minute_of(at)
        found = ScheduledTimes(today)
        own = self.filter(group__in=list(groups), contacts__gt=0).order_by()
        days = list(own.values_list("group", "day", "contacts"))
        last = sorted({day for _, day, _ in days if day <= today})[-FEW_DAYS:]
        if last:
            found.precise_from = last[0]
        for group, day, contacts in days:
            found.add_day(group, day, contacts)
        for group, day, minutes in own.filter(day__in=last).values_list("group", "day", "minutes"):
            found.add_minutes(group, day, minutes, this_minute if day == today else LAST_MINUTE)
        return found

    def remove_some(self, most: int) -> int:
        """Delete some of these, of one group; how many that were."""
        places = self.order_by("group_id", "day").values_list("group", "day")[:most]
        groups = {group for group, _ in places}
        for group in sorted(groups)[:1]:
            last = max(day for own, day in places if own == group)
            return self.filter(group=group, day__lte=last).delete()[0]
        return 0


class ScheduledCount(models.Model):
    """Contacts of a group that are scheduled for the same day (UTC), and for which minutes."""

    # A row per minute would be plainer. But then an import whose contacts are all scheduled for
    # other minutes writes as many rows more as it has contacts, and takes an eighth longer.
    pk = models.CompositePrimaryKey("group", "day")
    group = models.ForeignKey(
        Group, models.CASCADE, related_name="scheduled_counts", db_index=False
    )
    day = models.DateField()
    contacts = models.IntegerField(default=0)
    minutes = models.JSONField(
        default=dict, help_text='Minute of the day, as in "07:15" → contacts; without zeros.'
    )

    objects = ScheduledCountQuerySet.as_manager()

    def __str__(self):
        return f"{self.group_id} {self.day}"

    def add(self, differences: Mapping[str, int]):
        """Minute of the day → how many more contacts. Nothing is stored."""
        for minute, difference in differences.items():
            number = self.minutes.pop(minute, 0) + difference
            if number:
                self.minutes[minute] = number
            self.contacts += difference
