"""Whether two groups were scheduled alike: an open rate that has had less time is a lower one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log, sqrt

NONE = timedelta()
MOST_APART = timedelta(hours=1)  # further apart they meet other hours of the day
MOST_HEAD_START = 0.1  # of the time that mails have had to be opened
BY_CHANCE = 0.001  # so rarely do groups that were drawn by lot count as drawn on purpose
# Of a comparison's half width: a head start that may explain as much is not left unsaid.
MOST_BIAS = 0.5
LEAST_GAP = sqrt(log(2 / BY_CHANCE) / 2)  # of Kolmogorov and Smirnov's two-sample test


@dataclass(frozen=True)
class ScheduleGap:
    """How a group's schedule differs from the control's, of contacts that are due.

    `later`: how much later the group is on average; negative where it is earlier.
    `apart`: how far its contacts would have to be moved, on average, for the schedules to be one
    (the earth mover's distance); never less than `later`, and more where they cross.
    `head_start`: which share of an open rate it can explain, at the most.
    `is_chance`: whether groups that are drawn by lot differ so as well.
    """

    later: timedelta
    apart: timedelta
    age: timedelta  # on average, of the mails of the group that is later
    head_start: float
    is_chance: bool

    @property
    def comparable(self) -> bool:
        """False where the open rates can't be compared, however few the contacts are."""
        matters = self.apart >= min(MOST_APART, MOST_HEAD_START * self.age) and self.apart > NONE
        return self.is_chance or not matters

    def may_decide(self, rate: float, half_width: float) -> bool:
        """Whether it can explain what a comparison finds: `rate` is the higher one of the two, and
        `half_width` that of the interval of their difference."""
        return not self.is_chance and self.head_start * rate > MOST_BIAS * half_width


def schedule_gap(
    control: Mapping[datetime, int], group: Mapping[datetime, int], as_of: datetime
) -> ScheduleGap | None:
    """How the schedules differ at this moment; None where a group has nobody due.

    `control` and `group` count contacts by the time they are scheduled for; whoever is scheduled
    after `as_of` is left out. The times may be rounded, both in the same way.

    Schedules can't be compared when both are so:
    - they are an hour or more apart, or by a tenth or more of the time that the later group's
      mails have had to be opened. So ten minutes matter in the first hour, and not on the next
      day, unless groups are so large that the comparison sees what a few minutes make (see
      `may_decide`);
    - it is not by chance. Contacts that are drawn by lot from a schedule of a week are hours apart
      where they are few; the comparison's own error covers that.
    """
    counts = [
        ((as_of - at).total_seconds(), control.get(at, 0), group.get(at, 0))
        for at in sorted(control.keys() | group.keys())
        if at <= as_of
    ]
    contacts, others = sum(first for _, first, _ in counts), sum(second for *_, second in counts)
    if not contacts or not others:
        return None
    apart, gap, head_start = distance(counts, contacts, others)
    ages = (
        timedelta(seconds=sum(age * first for age, first, _ in counts) / contacts),
        timedelta(seconds=sum(age * second for age, _, second in counts) / others),
    )
    is_chance = gap <= LEAST_GAP * sqrt(1 / contacts + 1 / others)
    return ScheduleGap(ages[0] - ages[1], apart, min(ages), head_start, is_chance)


def distance(
    counts: list[tuple[float, int, int]], contacts: int, others: int
) -> tuple[timedelta, float, float]:
    """(earth mover's distance, largest distance of the two shares that are due by then, and the
    head start)

    `counts`: for each age in seconds, the oldest first, the contacts of either side.

    The head start: openings come ever more slowly, so of those that a mail gets by the age b, it
    gets at most 1 - a/b after the age a. That is what mails have missed which are due so much
    later.
    """
    apart, largest, head_start, share, before = 0.0, 0.0, 0.0, 0.0, 0.0
    behind = 0  # contacts * others times the difference of the shares: whole, so 0 is 0
    for age, first, second in counts:
        if share:
            apart += share * (before - age)
            head_start += share * (before - age) / before
        behind += first * others - second * contacts
        share, before = abs(behind) / (contacts * others), age
        if share > largest:
            largest = share
    return timedelta(seconds=apart), largest, min(head_start, 1.0)
