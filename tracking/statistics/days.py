"""What is counted of the days of groups, as far as statistics tell it.

A campaign may have tens of thousands of counts, of which only those of today change. So each
process keeps what it has read of a day, with the day's stamp, and reads it again when the stamp is
another one (see CountedDay). The stamps are read before the counts: what was written in between
is kept under a stamp that is gone already, and read again.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from tracking.models import CountedDay
from tracking.statistics.question import limits_of
from tracking.statistics.reading import by_time, by_trait
from tracking.statistics.sums import Times, Traits, add_to

# Sums: some 85 MB of a process. The campaign that is being told may have more: without them, all of
# it would be read anew for each request.
MOST_KEPT = 300_000
NO_STAMP = 0

Place = tuple[int, date]  # of a group


@dataclass
class CountedGroupDay:
    """Of a group; or of several, whose stamps are its own."""

    stamp: int | tuple = NO_STAMP
    times: Times = field(default_factory=Times)
    traits: Traits = field(default_factory=lambda: defaultdict(dict))

    def include(self, other: "CountedGroupDay"):
        self.times.include(other.times)
        for dimension, sums in other.traits.items():
            add_to(self.traits[dimension], sums.items())


def size_of(counted: CountedGroupDay) -> int:
    """How many sums."""
    return sum(map(len, [*counted.times.hours.values(), *counted.traits.values()]))


class KeptDays:
    """(group id, or a tuple of them; day, whether it has whole hours) → what is counted. `made`:
    what was made of days, which holds them as well, and goes when they go."""

    def __init__(self):
        self.days: dict[tuple, CountedGroupDay] = {}
        self.made: dict[tuple, Any] = {}
        self.size = 0

    def get(self, key: tuple) -> CountedGroupDay | None:
        return self.days.get(key)

    def keep(self, new: dict[tuple, CountedGroupDay]):
        replaced = [self.days.pop(key, None) for key in new]  # another thread may be here as well
        self.size += sum(map(size_of, new.values())) - sum(map(size_of, filter(None, replaced)))
        self.days |= new
        if self.size > MOST_KEPT:
            self.make_room({group for key in new for group in groups_of(key)})

    def make_room(self, told: set[int]):
        """What was read longest ago goes first; what is of these groups stays."""
        for key in list(self.days):
            if self.size <= MOST_KEPT:
                break
            if told.isdisjoint(groups_of(key)) and (gone := self.days.pop(key, None)):
                self.size -= size_of(gone)
        for key in list(self.made):
            if told.isdisjoint(key[0]):
                self.made.pop(key, None)


def groups_of(key: tuple) -> tuple[int, ...]:
    return key[0] if isinstance(key[0], tuple) else key[:1]


Days = dict[date, CountedGroupDay]

kept = KeptDays()


def days_of(groups: Iterable[int], by_hour: bool) -> dict[int, Days]:
    """All that were counted of these groups; by quarters of an hour, unless `by_hour`. In one
    query, and two more where some are not known yet."""
    stamps = stamps_of(groups)
    found: dict[Place, CountedGroupDay] = {}
    for place, stamp in stamps.items():
        counted = kept.get((*place, by_hour))
        if counted and counted.stamp == stamp != NO_STAMP:
            found[place] = counted
    if missing := stamps.keys() - found.keys():
        new = read({place: stamps[place] for place in missing}, by_hour)
        found |= new
        kept.keep({(*place, by_hour): counted for place, counted in new.items()})
    days: dict[int, Days] = {group: {} for group in groups}
    for (group, day), counted in found.items():
        days[group][day] = counted
    return days


def openings_in(groups: Iterable[int]) -> int:
    """Raw. To add up all counts in the database would take as long for each request."""
    days = days_of(list(groups), by_hour=True)
    verdicts = (day.times.verdicts for found in days.values() for day in found.values())
    return sum(openings for sums in verdicts for openings, *_ in sums.values())


def together(days: dict[int, Days], by_hour: bool) -> Days:
    """The same of all these groups together."""
    if len(days) == 1:
        return next(iter(days.values()))
    groups, found, new = tuple(days), {}, {}
    for day in sorted(set().union(*days.values())):
        parts = {group: days[group][day] for group in groups if day in days[group]}
        stamps = tuple((group, counted.stamp) for group, counted in parts.items())
        counted = kept.get((groups, day, by_hour))
        if not counted or counted.stamp != stamps or (NO_STAMP in dict(stamps).values()):
            counted = new[groups, day, by_hour] = CountedGroupDay(stamps)
            for part in parts.values():
                counted.include(part)
        found[day] = counted
    if new:
        kept.keep(new)
    return found


def stamps_of(groups: Iterable[int]) -> dict[Place, int]:
    rows = CountedDay.objects.filter(group__in=list(groups)).order_by()
    return {(group, day): stamp for group, day, stamp in rows.values_list("group", "day", "stamp")}


def read(stamps: dict[Place, int], by_hour: bool) -> dict[Place, CountedGroupDay]:
    found = {place: CountedGroupDay(stamp) for place, stamp in stamps.items()}
    groups = {group for group, _ in found}
    first, last = min(day for _, day in found), max(day for _, day in found)
    limits = [(limits_of(first)[0], limits_of(last)[1])]
    for group, verdict, moment, *numbers in by_time(groups, limits, by_hour):
        if counted := found.get((group, moment.date())):
            counted.times.add(verdict, moment, tuple(numbers))
    for group, day, dimension, value, verdict, *numbers in by_trait(groups, first, last):
        if counted := found.get((group, day)):
            counted.traits[dimension][key_of(value, verdict)] = tuple(numbers)
    return found


@lru_cache(maxsize=10_000)
def key_of(value: str, verdict: str) -> tuple[str, str]:
    """The same object for all days, which keep thousands of them."""
    return value, verdict


def times_of(
    groups: Iterable[int], parts: dict[date, tuple[datetime, datetime]], by_hour: bool
) -> dict[Place, Times]:
    """Of parts of days (begin and end), which are not kept. In one query, if there are any."""
    found = {(group, day): Times() for group in groups for day in parts}
    for group, verdict, moment, *numbers in (
        by_time(groups, parts.values(), by_hour) if parts else ()
    ):
        found[group, moment.date()].add(verdict, moment, tuple(numbers))
    return found
