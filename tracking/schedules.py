"""Whether two groups were scheduled alike: an open rate that has had less time is a lower one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log, sqrt

MOST_APART = timedelta(hours=1)  # further apart they meet other hours of the day
MOST_HEAD_START = 0.1  # of the time that mails have had to be opened
BY_CHANCE = 0.001  # so rarely do groups that were drawn by lot count as drawn on purpose
LEAST_GAP = sqrt(log(2 / BY_CHANCE) / 2)  # of Kolmogorov and Smirnov's two-sample test


@dataclass(frozen=True)
class ScheduleGap:
    """How a group's schedule differs from the control's, of contacts that are due.

    `later`: how much later the group is on average; negative where it is earlier.
    `apart`: how far its contacts would have to be moved, on average, for the schedules to be one
    (the earth mover's distance); never less than `later`, and more where they cross.
    `comparable`: False where the open rates can't be compared for it.
    """

    later: timedelta
    apart: timedelta
    comparable: bool


def schedule_gap(
    control: Mapping[datetime, int], group: Mapping[datetime, int], as_of: datetime
) -> ScheduleGap | None:
    """How the schedules differ at this moment; None where a group has nobody due.

    `control` and `group` count contacts by the time they are scheduled for; whoever is scheduled
    after `as_of` is left out. The times may be rounded, both in the same way.

    Schedules can't be compared when both are so:
    - they are an hour or more apart, or by a tenth or more of the time that the later group's
      mails have had to be opened. So ten minutes matter in the first hour, and not on the next day;
    - it is not by chance. Contacts that are drawn by lot from a schedule of a week are hours apart
      where they are few; the comparison's own error covers that.
    """
    counts = {
        at: (control.get(at, 0), group.get(at, 0))
        for at in sorted(control.keys() | group.keys())
        if at <= as_of
    }
    contacts, others = map(sum, zip(*counts.values(), strict=True)) if counts else (0, 0)
    if not contacts or not others:
        return None
    apart, gap = distance(counts, contacts, others)
    age = mean_age(counts, as_of, contacts, 0), mean_age(counts, as_of, others, 1)
    matters = apart >= min(MOST_APART, MOST_HEAD_START * min(age)) and apart > timedelta()
    on_purpose = gap > LEAST_GAP * sqrt(1 / contacts + 1 / others)
    return ScheduleGap(age[0] - age[1], apart, not (matters and on_purpose))


def distance(counts: dict, contacts: int, others: int) -> tuple[timedelta, float]:
    """(earth mover's distance, largest distance of the two shares that are due by then)"""
    apart, largest, share, before = 0.0, 0.0, 0.0, None
    behind = 0  # contacts * others times the difference of the shares: whole, so 0 is 0
    for at, (first, second) in counts.items():
        if before:
            apart += share * (at - before).total_seconds()
        behind += first * others - second * contacts
        share, before = abs(behind) / (contacts * others), at
        largest = max(largest, share)
    return timedelta(seconds=apart), largest


def mean_age(counts: dict, as_of: datetime, contacts: int, place: int) -> timedelta:
    ages = ((as_of - at).total_seconds() * both[place] for at, both in counts.items())
    return timedelta(seconds=sum(ages) / contacts)
