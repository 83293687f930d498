"""The panel of a campaign: its figures at this moment, from the counts alone."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from campaigns.models import Campaign
from tracking.models import CampaignDecision
from tracking.panels.charts import clients, groups_compared, rendering
from tracking.panels.delay_charts import time_to_open
from tracking.panels.figure import Figure
from tracking.panels.result import Sentence, sentences
from tracking.panels.side import Side
from tracking.panels.time_charts import over_time, week
from tracking.panels.words import UNKNOWN, between, number, percent, times
from tracking.statistics import Question, spread_of, statistics_of


@dataclass(frozen=True)
class Tile:
    label: str
    value: str
    note: str = ""


class CampaignPanel:
    """What a template shows. In ten queries at most, and two more where days have changed since
    this process told them last."""

    def __init__(self, campaign: Campaign, side: Side, now: datetime):
        self.campaign, self.side, self.now = campaign, side, now
        self.zone = ZoneInfo(campaign.time_zone)

    @cached_property
    def told(self) -> dict:
        return statistics_of(self.campaign, self.question, self.now)

    @cached_property
    def spread(self):
        groups = [group["id"] for group in self.told["groups"]]
        return spread_of(groups, self.question, self.now)

    @property
    def question(self) -> Question:
        return Question(zone=self.zone)

    @cached_property
    def decision(self) -> CampaignDecision | None:
        return self.campaign.decisions.order_by("-pk").first()

    @property
    def sentences(self) -> list[Sentence]:
        return sentences(self.told, self.side)

    @property
    def state(self) -> str:
        """Why nothing comes in, if nothing does."""
        if self.campaign.tracking == Campaign.Tracking.OFF:
            return "Tracking is off: pixels answer, and nothing is counted."
        if self.campaign.closed_at and self.campaign.closed_at <= self.now:
            return "The campaign is closed: pixels answer, and nothing more is counted."
        return ""

    @property
    def waiting(self) -> str:
        """What is missing until there are figures."""
        if not self.told["contacts"]:
            return "There are no contacts yet. Import some, and put their pixels into your mails."
        if self.told["openings"]["total"] or self.state:
            return ""
        if not self.told["due"]:
            return "No mail is due yet. Openings appear here as soon as they come in."
        return "Nothing was opened yet. Openings appear here as soon as they come in."

    @property
    def tiles(self) -> list[Tile]:
        told, side = self.told, self.told[self.side]
        rate, unknown = side["open_rate"], told["unknown"]
        opened = UNKNOWN if side["contacts"] is None else number(side["contacts"])
        low, high = rate["low"], rate["high"]
        interval = between(low, high) if rate["value"] is not None else ""
        later = told["contacts"] - told["due"]
        return [
            Tile("open rate", percent(rate["value"]), interval and f"{interval}, 95 % interval"),
            Tile(
                "opened", opened, "contacts" if opened != UNKNOWN else "the campaign is anonymous"
            ),
            Tile(
                "due",
                number(told["due"]),
                f"{number(later)} more are scheduled" if later > 0 else "contacts",
            ),
            Tile("mail opens", number(side["mail_opens"]), times(side["openings"], "opening")),
            Tile(
                "only by machines",
                UNKNOWN if unknown is None else number(unknown),
                "nobody knows whether the people did",
            ),
        ]

    @cached_property
    def figures(self) -> list[Figure]:
        """Before the first opening there is only who is to open."""
        found = [groups_compared(self.told, self.side)]
        if not self.told["openings"]["total"]:
            return found
        found.append(over_time(self.spread, self.side, self.zone))
        time = time_to_open(self.told, self.spread, self.side)
        others = [week(self.told, self.side, self.zone)]
        if self.campaign.pixels_per_contact > 1:
            others.append(rendering(self.told, self.side))
        others.append(clients(self.told, self.side))
        if time.empty:
            pair, below = [], [time, *others]
        else:
            pair, below = [replace(time, tall=True), *others[:2]], others[2:]
        return [*found, *pair, *(replace(each, wide=True) for each in below)]

    def figure(self, name: str) -> Figure | None:
        return next((figure for figure in self.figures if figure.name == name), None)
