"""The numbers of a campaign. They come from the counts; the openings are never scanned."""

from collections import Counter

from django.db.models import CharField, Count, Q, Sum
from django.db.models.functions import Cast, Left
from django.utils import timezone

from campaigns.models import Campaign, Contact
from tracking.confidence import wilson
from tracking.models import ContactOpenings, OpeningCount, Verdict


class Figures:
    """The figures of one group, or of several together."""

    def __init__(self, by_contact: bool = True):
        self.by_contact = by_contact  # whether it is known which contacts opened
        self.contacts = self.due = self.opened = self.verified = 0
        self.openings, self.mail_opens = Counter(), Counter()  # by verdict
        self.hours: dict[str, list[int]] = {}  # [openings, mail opens]

    def add_hour(self, verdict, at, openings, mail_opens, opened, verified):
        """The sums of one hour under one verdict."""
        self.openings[verdict] += openings
        self.mail_opens[verdict] += mail_opens
        self.opened += opened
        self.verified += verified
        self.add_to_hour(at, openings, mail_opens)

    def include(self, other: "Figures"):
        self.contacts += other.contacts
        self.due += other.due
        self.opened += other.opened
        self.verified += other.verified
        self.openings.update(other.openings)
        self.mail_opens.update(other.mail_opens)
        for at, hour in other.hours.items():
            self.add_to_hour(at, *hour)

    def add_to_hour(self, at, openings, mail_opens):
        hour = self.hours.setdefault(at, [0, 0])
        hour[0] += openings
        hour[1] += mail_opens

    def as_dict(self) -> dict:
        # The counts are read before the contacts: whoever is counted as opened is due by then.
        # Only a contact that is removed in between is missing there.
        due = max(self.due, self.opened)
        low, high = wilson(self.opened, due if self.by_contact else 0)
        rate = self.opened / due if due and self.by_contact else None
        any_, verified = (self.opened, self.verified) if self.by_contact else (None, None)
        return {
            "contacts": self.contacts,
            "due": due,
            "openings": with_total(self.openings),
            "mail_opens": with_total(self.mail_opens),
            "opened_contacts": {"any": any_, "verified": verified},
            "open_rate": {"value": rate, "low": low, "high": high},
            "series": [
                {"at": f"{at.replace(' ', 'T')}:00:00Z", "openings": openings, "mail_opens": mails}
                for at, (openings, mails) in sorted(self.hours.items())
                if openings or mails
            ],
        }


def with_total(by_verdict: Counter) -> dict:
    return {
        "total": by_verdict.total(),
        **{verdict.value: by_verdict[verdict] for verdict in Verdict},
    }


def statistics_of(campaign: Campaign) -> dict:
    """The figures of a campaign and of each of its groups, at this moment; in four queries.

    A contact is due when it is scheduled by now or has opened: a mail that was read was sent.
    Which contacts opened is not known (null) of an anonymous campaign. `series` has the hours
    (UTC) in which something was opened.
    """
    as_of = timezone.now()
    groups = list(campaign.groups.order_by("pk").values("id", "name", "is_control"))
    by_contact = campaign.tracking != Campaign.Tracking.ANONYMOUS
    parts = {group["id"]: Figures(by_contact) for group in groups}
    for group_id, *sums in hourly_counts(parts):
        parts[group_id].add_hour(*sums)
    for group_id, contacts, scheduled in contact_counts(parts, as_of):
        parts[group_id].contacts, parts[group_id].due = contacts, scheduled
    for group_id, early in early_openers(parts, as_of):
        parts[group_id].due += early
    whole = Figures(by_contact)
    for part in parts.values():
        whole.include(part)
    return {
        "campaign": campaign.pk,
        "as_of": as_of,
        **whole.as_dict(),
        "groups": [{**group, **parts[group["id"]].as_dict()} for group in groups],
    }


def hourly_counts(group_ids):
    """(group id, verdict, hour as in "2026-03-01 12", sum of each measure)"""
    # Both databases keep UTC. TruncHour would call a Python function per row on SQLite.
    hour = Left(Cast("quarter", CharField()), len("2026-03-01 12"))
    sums = [Sum(measure) for measure in OpeningCount.MEASURES]
    return (
        OpeningCount.objects.filter(group__in=group_ids)
        .values_list("group", "verdict", hour)
        .annotate(*sums)
    )


def contact_counts(group_ids, as_of):
    """(group id, contacts, contacts scheduled by then)"""
    return (
        Contact.objects.filter(group__in=group_ids)
        .values_list("group")
        .annotate(all=Count("pk"), scheduled=Count("pk", filter=Q(scheduled_at__lte=as_of)))
    )


def early_openers(group_ids, as_of):
    """(group id, contacts that have opened, although they are scheduled for later)"""
    return (
        ContactOpenings.objects.filter(
            contact__group__in=group_ids, contact__scheduled_at__gt=as_of
        )
        .values_list("contact__group")
        .annotate(Count("pk"))
    )
