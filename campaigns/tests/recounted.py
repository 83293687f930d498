"""What is kept beside contacts, worked out from them in the plainest way."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from campaigns.models import Contact, Group, ScheduledCount, SharedContact

Span = ScheduledCount.Span


def assert_kept_follows(marked_when_erased=frozenset()):
    """Counts are those of the contacts, and the marks as well; those of erased contacts are as
    they were when they were erased."""
    assert kept_counts() == counted()
    erased = Contact.objects.exclude(erased_at=None).values_list("pk", flat=True)
    assert marks() == shared() | marked_when_erased.intersection(erased)
    for contact, group in SharedContact.objects.values_list("contact_id", "group_id"):
        assert Contact.objects.get(pk=contact).group_id == group


def kept_counts() -> dict:
    """(group id, span, when it begins) → contacts, without zeros."""
    begun = datetime(1970, 1, 1, tzinfo=UTC)
    rows = ScheduledCount.objects.exclude(contacts=0)
    return {
        (row.group_id, row.span, begun + timedelta(minutes=row.begins)): row.contacts
        for row in rows
    }


def counted() -> dict:
    found = Counter()
    for contact in Contact.objects.all():
        minute = contact.scheduled_at.astimezone(UTC).replace(second=0, microsecond=0)
        found[contact.group_id, Span.MINUTE, minute] += 1
        found[contact.group_id, Span.DAY, minute.replace(hour=0, minute=0)] += 1
    return dict(found)


def marks() -> set[int]:
    return set(SharedContact.objects.values_list("contact_id", flat=True))


def shared() -> set[int]:
    """The contacts whose address several groups of their campaign have, without erased ones."""
    campaigns = dict(Group.everything.values_list("pk", "campaign"))
    places = {}
    for contact in Contact.objects.filter(erased_at=None):
        place = campaigns[contact.group_id], contact.email_key
        places.setdefault(place, []).append(contact.pk)
    return {pk for several in places.values() if len(several) > 1 for pk in several}
