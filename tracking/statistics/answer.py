from collections import defaultdict

from django.utils import timezone

from campaigns.models import Campaign, ScheduledCount
from tracking.models import ContactOpenings
from tracking.statistics.days import days_of, times_of, traits_of
from tracking.statistics.figures import Figures
from tracking.statistics.question import Question
from tracking.statistics.versus import versus_control


def statistics_of(campaign: Campaign, question: Question | None = None) -> dict:
    """The figures of a campaign and of each of its groups, at this moment; in eight queries.

    Two more for the days of which something was counted since this process read them, and one for
    each end of a period that lies within a day.

    A contact is due when it is scheduled by now or has opened: a mail that was read was sent.
    Which contacts opened is not known (null) of an anonymous campaign. `series` has the buckets in
    which something was opened.
    """
    as_of = timezone.now()
    question = question or Question()
    groups = list(campaign.groups.order_by("pk").values("id", "name", "is_control"))
    parts = read(groups, question, campaign.tracking != Campaign.Tracking.ANONYMOUS, as_of)
    compared = versus_control(groups, parts, as_of)
    whole = Figures(question, campaign.tracking != Campaign.Tracking.ANONYMOUS)
    for part in parts.values():
        whole.include(part)
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


def read(groups: list[dict], question: Question, by_contact: bool, as_of) -> dict[int, Figures]:
    """Group id → its figures."""
    parts = {group["id"]: Figures(question, by_contact) for group in groups}
    cut: dict[tuple, list[int]] = defaultdict(list)  # part of a day → groups
    for group, days in days_of(parts, question.is_by_hour).items():
        for counted in days.values():
            parts[group].add_ever(counted.times)
        asked = {day: counted for day, counted in days.items() if question.part_of(day)}
        parts[group].add_traits(traits_of(group, asked, question.is_by_hour))
        for day, counted in asked.items():
            if question.has_whole(day):
                parts[group].add_times(counted.times)
            else:
                cut[question.part_of(day)].append(group)
    for (begin, end), some in cut.items():  # two of them, at the most
        for group, times in times_of(some, begin, end, question.is_by_hour).items():
            parts[group].add_times(times)
    for group, (contacts, due) in ScheduledCount.objects.contacts_and_due(parts, as_of).items():
        parts[group].contacts, parts[group].due = contacts, due
    for group, early in ContactOpenings.objects.early(parts, as_of).items():
        parts[group].early, parts[group].early_verified = early
    return parts
