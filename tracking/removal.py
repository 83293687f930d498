"""Openings on the way out with their campaign or group: a Keeper for campaigns/removal.py.

Each function is a part of one step, inside its transaction; counts follow in it.
"""

from datetime import datetime

from django.db.models import Count, Max, QuerySet, Sum

from campaigns.removal import Keeper
from tracking.models import (
    AnonymousReader,
    ArchivedBreakdown,
    ArchivedOpeningCount,
    ContactOpenings,
    CountedDay,
    Opening,
    OpeningBreakdown,
    OpeningChange,
    OpeningCount,
    Tally,
    Verdict,
)
from tracking.models.contact_openings import NO_FIRST, first_by
from tracking.models.mail import bits_of, mails_of

TIDIED = (OpeningChange, OpeningCount, ArchivedOpeningCount)
TIDIED += (OpeningBreakdown, ArchivedBreakdown, CountedDay)


def count(groups: list[int]) -> int:
    """How many openings there are: counted, and not deleted by retention."""
    return counted(OpeningCount, groups) - counted(ArchivedOpeningCount, groups)


def counted(model, groups: list[int]) -> int:
    counts = model.objects.filter(group__in=groups)
    return counts.aggregate(number=Sum("openings"))["number"] or 0


def weigh(contacts: list[int]) -> dict[int, int]:
    rows = Opening.objects.filter(contact__in=contacts).order_by().values("contact")
    return dict(rows.annotate(number=Count("*")).values_list("contact", "number"))


def lighten(contact: int, most: int) -> int:
    """Delete the latest openings of a contact that has more than `most`; its row follows."""
    tally = Tally()
    row = ContactOpenings.objects.select_related("contact").get(pk=contact)
    row.tally_firsts(tally, row.contact.group_id, -1)
    own = Opening.objects.filter(contact=contact)
    latest = list(own.order_by("-opened_at", "-pk")[:most])
    for opening in latest:
        opening.tally(tally, -1)
        row.openings -= 1
        row.mail_opens -= opening.begins_mail_open
    own.filter(pk__in=[opening.pk for opening in latest]).delete()
    recall(row, own, since=latest[-1].opened_at)
    row.tally_firsts(tally, row.contact.group_id, 1)
    ContactOpenings.objects.store([row])
    OpeningCount.objects.add(tally)
    return len(latest)


def recall(row: ContactOpenings, left: QuerySet, since: datetime):
    """Bring the row up to date with the openings that are left, when those `since` have gone."""
    row.last_at = left.aggregate(last=Max("opened_at"))["last"]
    if not row.first_archived:
        row.pixels_seen = seen_in(left)
    if row.first_verified_archived:  # settled
        return
    by_people = left.exclude(verdict=Verdict.MACHINE)
    row.pixels_verified = seen_in(by_people)
    if row.first_verified_at and row.first_verified_at >= since:
        verified = by_people.order_by("opened_at", "pk").first()
        mail = mails_of([row.contact_id])[row.contact_id]
        row.set_first("first_verified", first_by(verified, mail) if verified else NO_FIRST)


def seen_in(openings: QuerySet) -> int:
    """The numbers of their pixels, as bits."""
    return bits_of(openings.order_by().values_list("pixel__number", flat=True).distinct())


def clear(groups: list[int], most: int) -> int:
    """Delete anonymous openings of these groups, which have no contacts any more."""
    some = list(Opening.objects.filter(group__in=groups).order_by()[:most])
    tally = Tally()
    for opening in some:
        opening.tally(tally, -1)
    event_ids = [opening.event_id for opening in some]
    AnonymousReader.objects.filter(pk__in=event_ids).delete()
    Opening.objects.filter(pk__in=[opening.pk for opening in some]).delete()
    OpeningCount.objects.add(tally)
    return len(some)


def tidy(groups: list[int], most: int) -> int:
    """Delete some of what would go with the groups all at once: their log and their counts,
    which no opening moves any more."""
    for model in TIDIED:
        some = model.objects.filter(group__in=groups).order_by().values_list("pk", flat=True)
        if ids := list(some[:most]):
            model.objects.filter(pk__in=ids).delete()
            return len(ids)
    return 0


KEEPER = Keeper(count=count, weigh=weigh, lighten=lighten, clear=clear, tidy=tidy)


def has_anonymous_openings(campaign) -> bool:
    groups = campaign.groups.values_list("pk", flat=True)
    return Opening.objects.filter(group__in=list(groups), contact=None).exists()
