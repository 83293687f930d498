"""Record a batch of page views: rows, cells and visitors, in one transaction.

The event id decides which views are known already. Whoever records views holds the cell of all of
them, so that no two look for new visitors at once.
"""

from collections import Counter, defaultdict
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.retry import retry_transaction
from campaigns.models.insert import insert_rows
from tracking.decision import Decision, Recorded
from tracking.models import CellVisitor, Page, PageView, ViewCell, Visitor
from tracking.models.page_view import ALL_PAGES, ALL_TIME, Key, hour_of
from tracking.moment import moment_of
from tracking.page_views.hit import ViewHit
from tracking.page_views.retention import taken_since
from tracking.retention import is_too_old


def record_views(hits: list[ViewHit]) -> list[Recorded]:
    """Store the views that are new, in the order of their arrival; safe to repeat."""
    pages = {hit.page_id for hit in hits}
    known = Page.objects.known(pages)
    known |= Page.objects.make(pages - known.keys()) if pages - known.keys() else {}
    visitors = Visitor.objects.ids_of({hit.user_id for hit in hits})
    ViewCell.objects.make_first()
    return _record(hits, known, visitors)


def keys_of(hit: ViewHit, page: int) -> list[Key]:
    """The cells that a view counts in."""
    hour = hour_of(moment_of(hit))
    return [(ALL_PAGES, ALL_TIME), (page, ALL_TIME), (ALL_PAGES, hour), (page, hour)]


@retry_transaction
@transaction.atomic
def _record(hits, pages, visitors) -> list[Recorded]:
    ViewCell.objects.lock()
    # Who was erased since their ids were looked up.
    erased = Visitor.objects.erased_among(set(visitors.values()) - {None})
    batch = Batch(known_event_ids(hits), taken_since(), erased | {None})
    recorded = [batch.take(hit, pages[hit.page_id], visitors[hit.user_id]) for hit in hits]
    batch.store()
    return recorded


def known_event_ids(hits) -> set[bytes]:
    event_ids = [UUID(bytes=hit.event_id) for hit in hits]
    found = PageView.objects.filter(event_id__in=event_ids).values_list("event_id", flat=True)
    return {event_id.bytes for event_id in found}


class Batch:
    """What a transaction is going to store."""

    def __init__(self, event_ids: set[bytes], since: datetime | None, erased: set[int | None]):
        self._event_ids, self._since, self._erased = event_ids, since, erased
        self._rows: list[tuple] = []
        self._views: Counter[Key] = Counter()
        self._seen: defaultdict[Key, set[int]] = defaultdict(set)

    def take(self, hit: ViewHit, page: int, visitor: int | None) -> Recorded:
        moment = moment_of(hit)
        if hit.event_id in self._event_ids:
            return Recorded(hit, Decision.DUPLICATE)
        if is_too_old(moment, self._since):
            return Recorded(hit, Decision.TOO_OLD)
        if visitor in self._erased:
            return Recorded(hit, Decision.ERASED)
        self._event_ids.add(hit.event_id)
        self._rows.append((UUID(bytes=hit.event_id), page, visitor, moment, hit.referrer))
        for key in keys_of(hit, page):
            self._views[key] += 1
            self._seen[key].add(visitor)
        return Recorded(hit, Decision.RECORDED)

    def store(self):
        if not self._rows:
            return
        seen = {(*key, visitor) for key, visitors in self._seen.items() for visitor in visitors}
        new = seen - CellVisitor.objects.among(self._seen)
        visitors = Counter((page, hour) for page, hour, _ in new)
        names = ("event_id", "page", "visitor", "viewed_at", "referrer")
        insert_rows(PageView, names, self._rows)
        CellVisitor.objects.add(new)
        ViewCell.objects.add(self._views, visitors)
