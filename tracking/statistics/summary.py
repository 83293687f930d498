"""The figures of several campaigns side by side, as far as a list tells them."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.models import Campaign, Group
from tracking.models import Verdict
from tracking.statistics.answer import add_contacts, figures
from tracking.statistics.days import Days, days_of, together
from tracking.statistics.figures import VERIFIED, Figures
from tracking.statistics.question import Question

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Summary:
    """`raw` and `verified` as in statistics; `hours`: mail opens in each of the last hours, raw,
    and verified; the present hour comes last."""

    contacts: int
    due: int
    raw: dict
    verified: dict
    hours: list[int]
    verified_hours: list[int]


def summaries_of(campaigns: Iterable[Campaign], hours: int, as_of: datetime) -> dict[int, Summary]:
    """Campaign id → its summary. In five queries, or eight where time zones with half hours are
    among them, and two for each of these where days have changed."""
    campaigns = list(campaigns)
    groups = defaultdict(list)
    named = Group.objects.filter(campaign__in=campaigns).order_by("pk")
    for group, campaign in named.values_list("pk", "campaign"):
        groups[campaign].append(group)
    questions = {each.pk: Question(zone=ZoneInfo(each.time_zone)) for each in campaigns}
    days = days_by_group(groups, questions)
    wholes, parts = {}, {}
    for campaign in campaigns:
        own, question = groups[campaign.pk], questions[campaign.pk]
        by_contact = campaign.tracking != Campaign.Tracking.ANONYMOUS
        for group in own:
            parts[group] = figures((group,), days[group], {}, question, by_contact)
        whole = together({each: days[each] for each in own}, question.is_by_hour) if own else {}
        wholes[campaign.pk] = whole, figures(tuple(own), whole, {}, question, by_contact)
    add_contacts(parts, as_of)
    for campaign, (_, told) in wholes.items():
        for group in groups[campaign]:
            told.include_contacts(parts[group])
    return {pk: summary(whole, told, hours, as_of) for pk, (whole, told) in wholes.items()}


def days_by_group(groups: dict[int, list[int]], questions: dict[int, Question]) -> dict[int, Days]:
    days: dict[int, Days] = {}
    for by_hour in {question.is_by_hour for question in questions.values()}:
        alike = [pk for pk, question in questions.items() if question.is_by_hour == by_hour]
        days |= days_of([group for pk in alike for group in groups[pk]], by_hour)
    return days


def summary(whole: Days, told: Figures, hours: int, as_of: datetime) -> Summary:
    late = late_hours(whole, hours, as_of)
    return Summary(
        told.contacts,
        told.all_due,
        told.side(list(Verdict), told.opened),
        told.side(VERIFIED, told.verified),
        [late[at, "raw"] for at in range(hours)],
        [late[at, "verified"] for at in range(hours)],
    )


def late_hours(whole: Days, hours: int, as_of: datetime) -> Counter:
    """(place among the last hours, raw or verified) → mail opens"""
    begin = as_of.replace(minute=0, second=0, microsecond=0) - (hours - 1) * HOUR
    found = Counter()
    for day, counted in whole.items():
        if day >= begin.date():
            for at, numbers in counted.times.hours[""].items():
                place = (at - begin) // HOUR
                found[place, "raw"] += numbers[1]
                found[place, "verified"] += numbers[4]
    return found
