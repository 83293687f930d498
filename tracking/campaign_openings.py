"""The openings of a few campaigns, for a graph that goes on while mails are read."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

from prometheus_client.core import GaugeMetricFamily

from campaigns.models import Group
from tracking.models import CountedDay, Verdict
from tracking.statistics.question import limits_of
from tracking.statistics.reading import by_time

MOST_CAMPAIGNS = 20
MOST_GROUPS = 200  # of all of them
LATEST_DAYS = 1_000  # of groups, among which those campaigns are looked for

Place = tuple[int, date]  # a group's day


class CampaignOpenings:
    """Of the campaigns whose days of openings were begun last. What was counted of a day is kept
    as long as its stamp stays (see CountedDay), so that only the days that change are read again,
    as a rule those of today.

    Counts only grow as long as nothing is corrected, deleted or erased, so these are gauges.
    """

    def __init__(self):
        self._kept: dict[Place, tuple[int, Counter]] = {}  # its stamp, and verdict → openings

    def numbers(self) -> Iterator[GaugeMetricFamily]:
        """Raises DatabaseError. Not for two threads at once."""
        openings = GaugeMetricFamily(
            "pixeltrack_campaign_openings",
            "Openings by group and verdict, of the campaigns that were opened last",
            labels=["campaign", "group", "verdict"],
        )
        groups = latest_groups()
        sums = self._sums(groups)
        for group, campaign in groups.items():
            for verdict in Verdict.values:
                openings.add_metric([str(campaign), str(group), verdict], sums[group][verdict])
        yield openings

    def _sums(self, groups: dict[int, int]) -> dict[int, Counter]:
        rows = CountedDay.objects.filter(group__in=list(groups)).order_by()
        stamps = {
            (group, day): stamp for group, day, stamp in rows.values_list("group", "day", "stamp")
        }
        known = {
            place: kept
            for place, kept in self._kept.items()
            if kept[0] and kept[0] == stamps.get(place)  # a stamp of 0 says nothing
        }
        if unknown := stamps.keys() - known.keys():
            known |= read({place: stamps[place] for place in unknown})
        self._kept = known
        sums = {group: Counter() for group in groups}
        for (group, _), (_, counted) in known.items():
            sums[group].update(counted)
        return sums


def latest_groups() -> dict[int, int]:
    """Group id → campaign id, of whole campaigns as long as there is room."""
    latest = CountedDay.objects.filter(group__removal=None).order_by("-pk")
    campaigns = dict.fromkeys(latest.values_list("group__campaign", flat=True)[:LATEST_DAYS])
    chosen = list(campaigns)[:MOST_CAMPAIGNS]
    rows = Group.objects.filter(campaign__in=chosen).order_by("campaign", "pk")
    return dict(rows.values_list("pk", "campaign")[:MOST_GROUPS])


def read(stamps: dict[Place, int]) -> dict[Place, tuple[int, Counter]]:
    """Read after the stamps: what was counted in between is under a stamp that has gone."""
    found = {place: (stamp, Counter()) for place, stamp in stamps.items()}
    first, last = min(day for _, day in stamps), max(day for _, day in stamps)
    limits = [(limits_of(first)[0], limits_of(last)[1])]
    for group, verdict, moment, openings, *_ in by_time(
        {group for group, _ in stamps}, limits, True
    ):
        if counted := found.get((group, moment.date())):
            counted[1][verdict] += openings
    return found
