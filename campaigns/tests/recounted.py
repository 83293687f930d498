"""What is kept beside contacts, worked out from them in the plainest way."""

from collections import Counter
from datetime import UTC

from campaigns.models import Contact, Group, ScheduledCount, SharedContact


def assert_kept_follows(marked_when_erased=frozenset()):
    """Counts are those of the contacts, and the marks as well; those of erased contacts are as
    they were when they were erased."""
    assert kept_counts() == counted()
    erased = Contact.objects.exclude(erased_at=None).values_list("pk", flat=True)
    assert marks() == shared() | marked_when_erased.intersection(erased)
    for contact, group in SharedContact.objects.values_list("contact_id", "group_id"):
        assert Contact.objects.get(pk=contact).group_id == group


def kept_counts() -> dict:
    """(group id, day) → contacts, and (group id, day, minute) → contacts; without zeros."""
    kept = {}
    for row in ScheduledCount.objects.exclude(contacts=0, minutes={}):
        kept[row.group_id, row.day] = row.contacts
        kept |= {(row.group_id, row.day, minute): number for minute, number in row.minutes.items()}
    return kept


def counted() -> dict:
    found = Counter()
    for contact in Contact.objects.all():
        moment = contact.scheduled_at.astimezone(UTC)
        found[contact.group_id, moment.date()] += 1
        found[contact.group_id, moment.date(), moment.strftime("%H:%M")] += 1
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
