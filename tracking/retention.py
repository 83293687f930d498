"""Retention: old openings are deleted, and their counts move to the archive.

The figures don't change by it. For each group, quarter and verdict it holds at any moment that

    kept (OpeningCount) = archived (ArchivedOpeningCount) + those of the openings that are left

and so it does for each value that they are broken down by (OpeningBreakdown, ArchivedBreakdown),
where a contact's first opening counts for the archive once it is deleted (see ContactOpenings).
The event ids of deleted openings are forgotten. So that none is counted again, neither hits nor
reports nor corrections make an opening that is older than OPENING_RETENTION_DAYS, nor one from a
time of which its group has an archive: the setting may have been raised since.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from accounts.retry import retry_transaction
from campaigns.models import Contact, Group
from tracking.models import (
    AnonymousReader,
    ArchivedAnonymously,
    ArchivedOpeningCount,
    ArchivedUntil,
    ContactOpenings,
    Opening,
    OpeningChange,
    Tally,
)
from tracking.moment import MILLISECOND
from tracking.pace import paced

DELETED_AT_ONCE = 1_000
LEAST_DAYS = 1  # that openings are kept


def days_ago(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)


def kept_since() -> datetime | None:
    """What was opened before that moment is deleted; None where all is kept."""
    days = settings.OPENING_RETENTION_DAYS
    return days_ago(days) if days else None


def taken_since(groups: Iterable[int]) -> dict[int, datetime | None]:
    """Group id → the moment before which none of its openings is taken in; None where all are.

    Ask after the event ids are read: what was deleted before then is older than this.
    """
    groups, since = set(groups), kept_since()
    archived = ArchivedUntil.objects.filter(group__in=groups).values_list("group", "moment")
    after = {group: moment + MILLISECOND for group, moment in archived} if groups else {}
    return {group: max(filter(None, [since, after.get(group)]), default=None) for group in groups}


def is_too_old(moment: datetime, since: datetime | None) -> bool:
    """Whether an opening of that moment is not kept, by `kept_since()`."""
    return since is not None and moment < since


def work(seconds: float, pause: Callable[[float], None] = time.sleep):
    """Delete what is due, for about so long or until nothing is left; one step at least."""
    if moment := kept_since():
        paced(forget_openings_before(moment), seconds, pause)


def forget_openings_before(moment: datetime) -> Iterator[int]:
    """Delete the openings before that moment, in small steps; yields each step's number of them.

    Each step is a transaction of its own: broken off, it has done so much; run twice at once,
    each opening is archived once.
    """
    for group_id in groups_with_openings_before(moment):
        old = Opening.objects.filter(group=group_id, opened_at__lt=moment)
        some = old.order_by("opened_at", "pk").values_list("pk", "contact_id")[:DELETED_AT_ONCE]
        while found := dict(some.all()):
            yield archive(group_id, found, moment)


def groups_with_openings_before(moment: datetime) -> list[int]:
    """By the first entry of each group in the index of group and time; one on the time alone
    would cost every opening. As EXISTS, MySQL might read all that are that old."""
    own = Opening.objects.filter(group=OuterRef("pk")).order_by("opened_at")
    groups = Group.objects.alias(oldest=Subquery(own.values("opened_at")[:1]))
    return list(groups.filter(oldest__lt=moment).order_by("pk").values_list("pk", flat=True))


@retry_transaction
@transaction.atomic
def archive(group_id: int, found: dict[int, int | None], moment: datetime) -> int:
    """Delete these openings of a group (id → contact id), the oldest first, and archive their
    counts. Returns how many of them were still there, and still before that moment."""
    contacts = Contact.objects.filter(pk__in=set(found.values()) - {None}).order_by("pk")
    list(contacts.select_for_update().values_list("pk", flat=True))  # first, as everybody does
    rows = Opening.objects.filter(pk__in=found, opened_at__lt=moment).order_by("pk")
    openings = list(rows.select_for_update())
    tally, by_contact = Tally(), defaultdict(list)
    for opening in openings:
        opening.tally(tally, 1)
        by_contact[opening.contact_id].append(opening)
    if anonymous := by_contact.pop(None, []):
        archive_anonymously(group_id, anonymous)
    known = ContactOpenings.objects.in_bulk(by_contact)
    for contact_id, row in known.items():
        row.archive(by_contact[contact_id], tally, group_id)
    ContactOpenings.objects.store([known[contact_id] for contact_id in sorted(known)])
    OpeningChange.objects.filter(event_id__in=[opening.event_id for opening in openings]).delete()
    Opening.objects.filter(pk__in=[opening.pk for opening in openings]).delete()
    ArchivedOpeningCount.objects.add(tally)
    if openings:
        remember_archived(group_id, max(opening.opened_at for opening in openings))
    return len(openings)


def remember_archived(group_id: int, moment: datetime):
    known = ArchivedUntil.objects.filter(group=group_id)
    if not known.filter(moment__lt=moment).update(moment=moment):
        ArchivedUntil.objects.get_or_create(group_id=group_id, defaults={"moment": moment})


def archive_anonymously(group_id: int, openings: list[Opening]):
    """What hangs on anonymous openings that are being deleted; the group remembers them."""
    AnonymousReader.objects.filter(pk__in=[opening.event_id for opening in openings]).delete()
    ArchivedAnonymously.objects.get_or_create(group_id=group_id)


def has_archived_anonymously(campaign) -> bool:
    return ArchivedAnonymously.objects.filter(group__campaign=campaign).exists()
