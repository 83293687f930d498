"""Drift: whether what is kept is what would be rebuilt, looked at in a small sample.

What was found of a day is kept with it until it is looked at again, so that the sum stays what it
is while other days are looked at.
"""

import logging
from datetime import date
from random import sample

from django.db.models import Sum
from django.utils import timezone

from campaigns.models import Group
from tracking.metrics import COUNTS_CHECKED
from tracking.models import CountedDay
from tracking.rebuild import openings_of, recount_day

logger = logging.getLogger(__name__)

LATEST = 50  # the days that were begun last, of which some are looked at
RECENT, OLD = 5, 5
# A day is locked while it is looked at, and consumers wait: no longer than about half a second.
MOST_OPENINGS = 20_000


def look() -> int:
    """Compare the counts of a few days with the openings. Returns the sum of all differences that
    are known. Days with more than MOST_OPENINGS are left to `rebuild_counts --check`."""
    for day in days_to_look_at():
        found = look_at(day)
        CountedDay.objects.filter(pk=day.pk).update(looked_at=timezone.now(), drift=found)
    return known_drift()


def known_drift() -> int:
    return CountedDay.objects.filter(drift__gt=0).aggregate(sum=Sum("drift"))["sum"] or 0


def look_at(day: CountedDay) -> int:
    """The sum of its differences; 0 of one that is too big, or whose group is being removed."""
    group_id, date = day.group_id, day.day
    if not Group.objects.filter(pk=group_id).exists() or not is_small(group_id, date):
        return 0
    found = recount_day(group_id, date, mend=False)
    COUNTS_CHECKED.inc()
    if found:
        logger.warning(
            "The counts of group %d on %s differ by %d from its openings: "
            "manage.py rebuild_counts mends them.",
            group_id,
            date,
            found,
        )
    return found


def days_to_look_at() -> list[CountedDay]:
    """Some of those that were begun last, and those that were looked at longest ago, or never."""
    latest = list(CountedDay.objects.order_by("-pk")[:LATEST])
    found = sample(latest, min(RECENT, len(latest)))  # nosec B311 # to be fair, not secret
    oldest = CountedDay.objects.order_by("looked_at", "pk")[:OLD]
    days = {day.pk: day for day in (*found, *oldest)}
    return sorted(days.values(), key=lambda day: (day.group_id, day.day))


def is_small(group_id: int, day: date) -> bool:
    return not openings_of(group_id, day).order_by()[MOST_OPENINGS : MOST_OPENINGS + 1].exists()
