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
from operator import add, neg
from typing import Any

from tracking.models import CountedDay, Verdict
from tracking.statistics.question import limits_of
from tracking.statistics.reading import by_time, by_trait

MOST_KEPT = 3_000  # days of groups: some 50 MB of a process at the most
MOST_SUMS = 100  # some 15 MB beside them
NO_STAMP = 0

Numbers = tuple[int, ...]  # one for each of the measures
Place = tuple[int, date]  # of a group


@dataclass
class Times:
    """Sums by time."""

    verdicts: dict[str, Numbers] = field(default_factory=dict)
    # Verdict, and "" for all of them → begin of an hour, or of a quarter of one → openings, mail
    # opens and contacts, and the same three verified.
    hours: dict[str, dict[datetime, Numbers]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, verdict: str, moment: datetime, numbers: Numbers):
        add_to(self.verdicts, [(verdict, numbers)])
        told = numbers[:3] + verified_of(verdict, numbers)
        add_to(self.hours[""], [(moment, told)])
        self.hours[verdict][moment] = told


Traits = dict[tuple[str, str, str], Numbers]  # (dimension, value, verdict) → measures


@dataclass
class CountedGroupDay:
    stamp: int = NO_STAMP
    times: Times = field(default_factory=Times)
    traits: Traits = field(default_factory=dict)


Days = dict[int, dict[date, CountedGroupDay]]  # by the groups' ids

# (group id, day, whether it has whole hours) → what is counted
_kept: dict[tuple, CountedGroupDay] = {}
# (group id, whether it has whole hours, first day) → what it is of, and its sums
_sums: dict[tuple, tuple[dict[date, CountedGroupDay], Traits]] = {}


def days_of(groups: Iterable[int], by_hour: bool) -> Days:
    """All that were counted of these groups; by quarters of an hour, unless `by_hour`. In one
    query, and two more where some are not known yet."""
    stamps = stamps_of(groups)
    found: dict[Place, CountedGroupDay] = {}
    for place, stamp in stamps.items():
        counted = _kept.get((*place, by_hour))
        if counted and counted.stamp == stamp != NO_STAMP:
            found[place] = counted
    if missing := stamps.keys() - found.keys():
        new = read({place: stamps[place] for place in missing}, by_hour)
        found |= new
        keep(_kept, {(*place, by_hour): counted for place, counted in new.items()}, MOST_KEPT)
    days: Days = {group: {} for group in groups}
    for (group, day), counted in found.items():
        days[group][day] = counted
    return days


def traits_of(group: int, days: dict[date, CountedGroupDay], by_hour: bool) -> Traits:
    """The sums over these days. They are kept as well, and brought up to date by the days that are
    others than before: to add up a month would take longer than all else that an answer needs."""
    key = group, by_hour, min(days, default=None)
    before, sums = _sums.get(key, ({}, {}))
    changed = {day for day in before.keys() | days.keys() if before.get(day) is not days.get(day)}
    if len(changed) > len(days) / 2:
        before, sums, changed = {}, {}, days.keys()
    sums = dict(sums)
    for day in changed:
        if day in before:
            add_to(sums, ((at, tuple(map(neg, each))) for at, each in before[day].traits.items()))
        if day in days:
            add_to(sums, days[day].traits.items())
    keep(_sums, {key: (days, sums)}, MOST_SUMS)
    return sums


def keep(kept: dict, new: dict, most: int):
    if len(kept) + len(new) > most:
        kept.clear()
    kept.update(new)


def stamps_of(groups: Iterable[int]) -> dict[Place, int]:
    rows = CountedDay.objects.filter(group__in=list(groups)).order_by()
    return {(group, day): stamp for group, day, stamp in rows.values_list("group", "day", "stamp")}


def read(stamps: dict[Place, int], by_hour: bool) -> dict[Place, CountedGroupDay]:
    found = {place: CountedGroupDay(stamp) for place, stamp in stamps.items()}
    groups = {group for group, _ in found}
    first, last = min(day for _, day in found), max(day for _, day in found)
    begin, end = limits_of(first)[0], limits_of(last)[1]
    for group, verdict, moment, *numbers in by_time(groups, begin, end, by_hour):
        if counted := found.get((group, moment.date())):
            counted.times.add(verdict, moment, tuple(numbers))
    for group, day, dimension, value, verdict, *numbers in by_trait(groups, first, last):
        if counted := found.get((group, day)):
            counted.traits[dimension, value, verdict] = tuple(numbers)
    return found


def times_of(
    groups: Iterable[int], begin: datetime, end: datetime, by_hour: bool
) -> dict[int, Times]:
    """Of a part of a day, which is not kept; by the groups' ids. In one query."""
    found = {group: Times() for group in groups}
    for group, verdict, moment, *numbers in by_time(groups, begin, end, by_hour):
        found[group].add(verdict, moment, tuple(numbers))
    return found


def verified_of(verdict: str, numbers: Numbers) -> Numbers:
    """Openings, mail opens and contacts, verified."""
    openings, mail_opens, _, verified = numbers
    return (openings, mail_opens, verified) if Verdict.verified(verdict) else (0, 0, verified)


def add_to(sums: dict[Any, Numbers], more: Iterable[tuple[Any, Numbers]]):
    """These are tens of thousands: a Counter for each would take as long as all else together."""
    for key, numbers in more:
        before = sums.get(key)
        sums[key] = tuple(map(add, before, numbers)) if before else numbers
