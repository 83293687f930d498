from datetime import date, datetime

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from campaigns.models import Campaign, ScheduledCount
from campaigns.models.scheduled_times import ScheduledTimes
from tracking.models import ContactOpenings
from tracking.statistics.days import Days, days_of, times_of, together
from tracking.statistics.figures import Figures
from tracking.statistics.question import Question
from tracking.statistics.spans import span_of, with_parts
from tracking.statistics.sums import Times
from tracking.statistics.versus import versus_control

ALL = None  # groups together


def statistics_of(
    campaign: Campaign, question: Question | None = None, as_of: datetime | None = None
) -> dict:
    """The figures of a campaign and of each of its groups, at this moment; in six queries. Where a
    replica is asked, they are `as_of` a moment before, and it need not know the groups yet.

    Two more for the days of which something was counted since this process read them, and one for
    the days of which the period has a part.

    A contact is due when it is scheduled by now or has opened: a mail that was read was sent.
    Which contacts opened is not known (null) of an anonymous campaign. `series` has the buckets in
    which something was opened. Nobody may change what is in the answer: parts of it are kept.
    """
    as_of = as_of or timezone.now()
    question = question or Question()
    by_contact = campaign.tracking != Campaign.Tracking.ANONYMOUS
    own = campaign.groups.using(DEFAULT_DB_ALIAS)
    groups = list(own.order_by("pk").values("id", "name", "is_control"))
    whole, parts = counted([group["id"] for group in groups], question, by_contact)
    schedules = add_contacts(parts, as_of)
    for part in parts.values():
        whole.include_contacts(part)
    compared = versus_control(groups, parts, schedules, as_of)
    return {
        "campaign": campaign.pk,
        "as_of": as_of,
        "tz": question.zone.key,
        "bucket": question.bucket,
        **whole.as_dict(),
        "groups": [
            {**group, **parts[group["id"]].as_dict(), **compared[group["id"]]} for group in groups
        ],
    }


def add_contacts(parts: dict[int, Figures], as_of: datetime) -> ScheduledTimes:
    """To the figures of each group, by its id: how many it has and who is due. In three queries."""
    schedules = ScheduledCount.objects.schedules(parts, as_of)
    early = ContactOpenings.objects.early(parts, as_of)
    for group, part in parts.items():
        part.contacts, part.due = schedules.contacts[group], schedules.due[group]
        part.early, part.early_verified = early.get(group, (0, 0))
    return schedules


def counted(
    groups: list[int], question: Question, by_contact: bool
) -> tuple[Figures, dict[int, Figures]]:
    """What is counted of all of them together, and group id → what is counted of it."""
    days = days_of(groups, question.is_by_hour)
    whole = together(days, question.is_by_hour)
    cut = cut_days(days, whole, question)
    parts = {
        group: figures((group,), own, cut[group], question, by_contact)
        for group, own in days.items()
    }
    return figures(tuple(groups), whole, cut[ALL], question, by_contact), parts


def cut_days(
    days: dict[int, Days], whole: Days, question: Question
) -> dict[int | None, dict[date, Times]]:
    """Group id, and ALL → day → sums of the part of it that is asked for; of two days at most."""
    parts = {day: question.part_of(day) for day in whole if not question.has_whole(day)}
    parts = {day: part for day, part in parts.items() if part}
    found: dict = {group: {} for group in [*days, ALL]}
    for (group, day), times in times_of(days, parts, question.is_by_hour).items():
        if day in days[group]:
            found[group][day] = times
            found[ALL].setdefault(day, Times()).include(times)
    return found


def figures(groups, days: Days, cut: dict, question: Question, by_contact: bool) -> Figures:
    whole = {day: counted for day, counted in days.items() if question.has_whole(day)}
    span = with_parts(span_of(groups, whole, question), cut, days)
    ever = [each for counted in days.values() for each in counted.times.verdicts.values()]
    return Figures(question, by_contact, span, ever)
