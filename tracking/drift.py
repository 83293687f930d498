"""Drift: whether what is kept is what would be rebuilt, looked at in a small sample."""

import logging
from datetime import date
from random import randint, sample

from campaigns.models import Group
from tracking.metrics import COUNTS_CHECKED, COUNTS_DRIFT
from tracking.models import CountedDay
from tracking.rebuild import openings_of, recount_day

logger = logging.getLogger(__name__)

LATEST = 50  # the days that were begun last, of which some are looked at
RECENT, OLD = 5, 5
# A day is locked while it is looked at, and consumers wait: no longer than about half a second.
MOST_OPENINGS = 20_000


def look() -> int:
    """Compare the counts of a few days with the openings, write nothing, and tell the metric: the
    sum of all differences. Days with more than MOST_OPENINGS are left to `rebuild_counts --check`.
    """
    drift = 0
    for group_id, day in days_to_look_at():
        found = recount_day(group_id, day, mend=False)
        COUNTS_CHECKED.inc()
        if found:
            logger.warning(
                "The counts of group %d on %s differ by %d from its openings: "
                "manage.py rebuild_counts mends them.",
                group_id,
                day,
                found,
            )
        drift += found
    COUNTS_DRIFT.set(drift)
    return drift


def days_to_look_at() -> list[tuple[int, date]]:
    """Some of those that were begun last, and any others, at random."""
    days = CountedDay.objects.values_list("group", "day")
    latest = list(days.order_by("-pk")[:LATEST])
    found = set(sample(latest, min(RECENT, len(latest))))  # nosec B311 # to be fair, not secret
    if last := CountedDay.objects.order_by("-pk").first():
        for _ in range(OLD):
            found.add(days.filter(pk__gte=randint(1, last.pk)).order_by("pk").first())  # nosec B311
    groups = Group.objects.filter(pk__in={group_id for group_id, _ in found})
    in_sight = set(groups.values_list("pk", flat=True))
    return sorted(each for each in found if each[0] in in_sight and is_small(*each))


def is_small(group_id: int, day: date) -> bool:
    return not openings_of(group_id, day).order_by()[MOST_OPENINGS : MOST_OPENINGS + 1].exists()
