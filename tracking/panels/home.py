"""Home: what is running now, in the campaigns that somebody may see."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from django.urls import reverse

from campaigns.import_progress import progress_of
from campaigns.models import Campaign, ContactImport, Group
from tracking.models import CountedDay, Opening
from tracking.panels.side import Side
from tracking.panels.svg import spark
from tracking.panels.trouble import Trouble, troubles
from tracking.panels.words import between, number, percent, times
from tracking.statistics import summaries_of
from tracking.statistics.reading import by_time
from tracking.statistics.summary import Summary

MOST_CAMPAIGNS, MOST_IMPORTS = 10, 5
LATEST_DAYS = 500  # of groups, among which the campaigns that were opened last are looked for
MOST_GROUPS = 200  # of which openings are counted
MOST_IN_A_MINUTE = 10_000
HOURS, QUARTERS = 48, 96
MINUTE, QUARTER = timedelta(minutes=1), timedelta(minutes=15)
IN_PROGRESS = (ContactImport.State.RUNNING, ContactImport.State.WAITING, ContactImport.State.PAUSED)


@dataclass(frozen=True)
class CampaignRow:
    campaign: Campaign
    summary: Summary
    side: Side

    @property
    def address(self) -> str:
        return reverse("admin:campaigns_campaign_change", args=[self.campaign.pk])

    @property
    def rate(self) -> str:
        return percent(self._side["open_rate"]["value"])

    @property
    def interval(self) -> str:
        rate = self._side["open_rate"]
        if rate["value"] is None:
            return "anonymous" if self._side["contacts"] is None else "none is due yet"
        return between(rate["low"], rate["high"])

    @property
    def due(self) -> str:
        return number(self.summary.due)

    @property
    def late(self) -> str:
        return number(sum(self._hours))

    @property
    def trend(self) -> str:
        words = f"{times(sum(self._hours), 'mail open')} in the last {HOURS} hours"
        return spark(self._hours, words)

    @property
    def _side(self) -> dict:
        return getattr(self.summary, self.side)

    @property
    def _hours(self) -> list[int]:
        both = {Side.RAW: self.summary.hours, Side.VERIFIED: self.summary.verified_hours}
        return both[self.side]


class Home:
    """`may(action, model)`: whether the user may do that to rows of that model.

    A fixed number of queries, however much was opened; of openings themselves only those of the
    last minute are looked at.
    """

    def __init__(self, user, may, side: Side, now: datetime):
        self.user, self.may, self.side, self.now = user, may, side, now

    @property
    def is_operator(self) -> bool:
        return self.user.is_superuser

    @cached_property
    def troubles(self) -> list[Trouble]:
        return list(troubles())

    # -- Campaigns ---------------------------------------------------------------------------------
    @cached_property
    def sees_campaigns(self) -> bool:
        return self.may("view", Campaign)

    @property
    def may_add_campaign(self) -> bool:
        return self.may("add", Campaign)

    @cached_property
    def days(self) -> list[tuple[int, int, object]]:
        """(group, its campaign, day) of the days that were begun last."""
        if not self.sees_campaigns:
            return []
        rows = CountedDay.objects.filter(group__removal=None, group__campaign__removal=None)
        if not self.user.is_superuser:
            own = Group.objects.of(self.user).values_list("pk", flat=True)
            rows = rows.filter(group__in=list(own))
        found = rows.order_by("-pk").values_list("group", "group__campaign", "day")
        return list(found[:LATEST_DAYS])

    @cached_property
    def campaigns(self) -> list[CampaignRow]:
        """Those that were opened last, then those that were made last."""
        if not self.sees_campaigns:
            return []
        opened = list(dict.fromkeys(campaign for _, campaign, _ in self.days))[:MOST_CAMPAIGNS]
        own = Campaign.objects.of(self.user)
        found = own.in_bulk(opened)
        newest = own.order_by("-pk")[:MOST_CAMPAIGNS]
        found |= {each.pk: each for each in newest}
        shown = [found[pk] for pk in dict.fromkeys([*opened, *found]) if pk in found]
        shown = shown[:MOST_CAMPAIGNS]
        summaries = summaries_of(shown, HOURS, self.now)
        return [CampaignRow(each, summaries[each.pk], self.side) for each in shown]

    # -- Openings ----------------------------------------------------------------------------------
    @cached_property
    def active_groups(self) -> list[int]:
        """Those with openings of today or yesterday."""
        since = self.now.astimezone(UTC).date() - timedelta(days=1)
        groups = dict.fromkeys(group for group, _, day in self.days if day >= since)
        return list(groups)[:MOST_GROUPS]

    @property
    def in_the_last_minute(self) -> str:
        if not self.active_groups:
            return number(0)
        rows = Opening.objects.in_groups(self.active_groups)
        found = rows.filter(opened_at__gt=self.now - MINUTE).count_up_to(MOST_IN_A_MINUTE + 1)
        more = "+" if found > MOST_IN_A_MINUTE else ""
        return f"{number(min(found, MOST_IN_A_MINUTE))}{more}"

    @cached_property
    def quarters(self) -> list[int]:
        """Openings in each of the last quarters of an hour; the present one comes last."""
        begin = quarter_of(self.now) - (QUARTERS - 1) * QUARTER
        found: Counter = Counter()
        if self.active_groups:
            limits = [(begin, self.now + QUARTER)]
            for _, _, at, openings, *_ in by_time(self.active_groups, limits, by_hour=False):
                found[(at - begin) // QUARTER] += openings
        return [found[place] for place in range(QUARTERS)]

    @property
    def in_a_day(self) -> str:
        return number(sum(self.quarters))

    @property
    def trend(self) -> str:
        return spark(self.quarters, f"{times(sum(self.quarters), 'opening')} in the last 24 hours")

    # -- Imports -----------------------------------------------------------------------------------
    @cached_property
    def imports(self) -> Iterable[tuple[ContactImport, str, dict]]:
        """Those in progress, the newest first: with the address of its page, and how far it is."""
        if not self.may("view", ContactImport):
            return []
        rows = ContactImport.objects.of(self.user).filter(state__in=IN_PROGRESS)
        rows = rows.select_related("campaign").order_by("-pk")[:MOST_IMPORTS]
        name = "admin:campaigns_contactimport_change"
        return [(job, reverse(name, args=[job.pk]), progress_of(job)) for job in rows]


def quarter_of(moment: datetime) -> datetime:
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
