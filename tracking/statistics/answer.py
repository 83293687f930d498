from django.utils import timezone

from campaigns.models import Campaign, ScheduledCount
from tracking.models import ContactOpenings
from tracking.statistics.figures import Figures
from tracking.statistics.question import Question
from tracking.statistics.reading import by_time, by_trait, totals
from tracking.statistics.versus import versus_control


def statistics_of(campaign: Campaign, question: Question | None = None) -> dict:
    """The figures of a campaign and of each of its groups, at this moment; in nine queries.

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
    for group, opened, verified in totals(parts):
        parts[group].ever, parts[group].ever_verified = opened, verified
    for group, *sums in by_time(parts, question):
        parts[group].add_time(*sums)
    for group, *sums in by_trait(parts, question):
        parts[group].add_trait(*sums)
    for group, (contacts, due) in ScheduledCount.objects.contacts_and_due(parts, as_of).items():
        parts[group].contacts, parts[group].due = contacts, due
    for group, early in ContactOpenings.objects.early(parts, as_of).items():
        parts[group].due += early
    return parts
