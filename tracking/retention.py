"""Retention: old openings are deleted, and their counts move to the archive.

The figures don't change by it. For each group, quarter and verdict it holds at any moment that

    kept (OpeningCount) = archived (ArchivedOpeningCount) + those of the openings that are left

where a contact's first opening counts for the archive once it is deleted (see ContactOpenings).
The event ids of deleted openings are forgotten: a hit that comes again after that long counts
again.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.retry import retry_transaction
from campaigns.models import Contact, Group
from tracking.models import ArchivedOpeningCount, ContactOpenings, Opening, Tally

DELETED_AT_ONCE = 1_000


def days_ago(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)


def forget_openings_before(moment: datetime) -> Iterator[int]:
    """Delete the openings before that moment, group by group; yields each group's number of them.

    Each step is a transaction of its own: broken off, it has done so much; run twice at once,
    each opening is archived once.
    """
    # By group, because that index is there; one on the time alone would cost every opening.
    for group_id in Group.objects.order_by("pk").values_list("pk", flat=True):
        yield forget_openings_of(group_id, moment)


def forget_openings_of(group_id: int, moment: datetime) -> int:
    """Those of a group. Returns how many."""
    old = Opening.objects.filter(group=group_id, opened_at__lt=moment).order_by("opened_at", "pk")
    deleted = 0
    while found := dict(old.values_list("pk", "contact_id")[:DELETED_AT_ONCE]):
        deleted += archive(group_id, found)
    return deleted


@retry_transaction
@transaction.atomic
def archive(group_id: int, found: dict[int, int | None]) -> int:
    """Delete these openings of a group (id → contact id), the oldest first, and archive their
    counts. Returns how many of them were still there."""
    contacts = Contact.objects.filter(pk__in=set(found.values()) - {None}).order_by("pk")
    list(contacts.select_for_update().values_list("pk", flat=True))  # first, as everybody does
    openings = list(Opening.objects.filter(pk__in=found).order_by("pk").select_for_update())
    tally, by_contact = Tally(), defaultdict(list)
    for opening in openings:
        opening.tally(tally, 1)
        if opening.contact_id:  # an anonymous one has none
            by_contact[opening.contact_id].append(opening)
    rows = ContactOpenings.objects.in_bulk(by_contact)
    for contact_id, row in rows.items():
        row.archive(by_contact[contact_id], tally, group_id)
    ContactOpenings.objects.store([rows[contact_id] for contact_id in sorted(rows)])
    Opening.objects.filter(pk__in=[opening.pk for opening in openings]).delete()
    ArchivedOpeningCount.objects.add(tally)
    return len(openings)
