"""Retention of page views: the views go, what was counted stays.

With a view goes its event id, and with an old hour who was seen in it; so that none is counted
again, no view is taken in that is older than PAGE_VIEW_RETENTION_DAYS, nor one from before what was
ever forgotten: the setting may have been raised since.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.retry import retry_transaction
from tracking.models import CellVisitor, PageView, ViewCell
from tracking.models.page_view import ALL_PAGES, ALL_TIME, begin_of, hour_of
from tracking.pace import paced
from tracking.retention import days_ago

DELETED_AT_ONCE = 1_000
CELLS_AT_ONCE = 200


def kept_since() -> datetime | None:
    """What was viewed before that moment is deleted; None where all is kept."""
    days = settings.PAGE_VIEW_RETENTION_DAYS
    return days_ago(days) if days else None


def taken_since() -> datetime | None:
    """A view of before that moment can't be counted, for nobody knows any more what was; None where
    all can. It holds as long as the caller keeps the cell of all views locked."""
    first = ViewCell.objects.filter(page=ALL_PAGES, hour=ALL_TIME)
    moments = [kept_since(), *first.values_list("forgotten_before", flat=True)]
    return max(filter(None, moments), default=None)


def work(seconds: float, pause: Callable[[float], None] = time.sleep):
    """As `tracking.retention.work`."""
    if moment := kept_since():
        paced(forget_views_before(moment), seconds, pause)


def forget_views_before(moment: datetime) -> Iterator[int]:
    """Delete in small steps what was viewed before that moment; yields each step's number of views,
    0 where it was visitors of hours that went. Each step is a transaction of its own."""
    moment = take_none_before(moment)
    if moment is None:
        return
    while views := forget_some_views(moment):
        yield views
    for hour in hours_to_close(hour_of(moment)):
        while forget_some_visitors(hour):
            yield 0


@retry_transaction
@transaction.atomic
def take_none_before(moment: datetime) -> datetime | None:
    """From now on no view is taken in that was viewed before that moment, or, if that is earlier,
    before the end of the last hour with views: else a clock that was wrong for once would keep
    views out until it is right. Returns which of them; None where there is nothing to forget."""
    hours = open_hours().filter(hour__lte=hour_of(moment)).order_by("-hour")
    hours = hours.values_list("hour", flat=True)
    if not hours.exists():  # most nights, where views are few: nobody has to wait
        return None
    ViewCell.objects.lock()  # whoever records views holds it
    last = hours.first()
    if last is None:  # somebody else has forgotten them meanwhile
        return None
    moment = min(moment, begin_of(last + 1))
    first = ViewCell.objects.filter(page=ALL_PAGES, hour=ALL_TIME)
    earlier = Q(forgotten_before=None) | Q(forgotten_before__lt=moment)
    first.filter(earlier).update(forgotten_before=moment)
    return moment


def open_hours():
    """The cells of all pages in each hour that may have views, or in which visitors are known."""
    return ViewCell.objects.filter(page=ALL_PAGES, hour__gt=ALL_TIME, is_closed=False)


@retry_transaction
@transaction.atomic
def forget_some_views(moment: datetime) -> int:
    """How many they were; 0 where none are left."""
    old = PageView.objects.filter(viewed_at__lt=moment).order_by("viewed_at")
    found = list(old.values_list("pk", flat=True)[:DELETED_AT_ONCE])
    return PageView.objects.filter(pk__in=found).delete()[0]


def hours_to_close(before: int) -> list[int]:
    hours = open_hours().filter(hour__lt=before).order_by("hour")
    return list(hours.values_list("hour", flat=True))


@retry_transaction
@transaction.atomic
def forget_some_visitors(hour: int) -> bool:
    """Who was seen in some cells of that hour; how many they were is counted already. Whether there
    were any cells left. That of all pages is the last: by it the hour is found again."""
    cells = ViewCell.objects.filter(hour=hour, is_closed=False).order_by("-page")
    pages = list(cells.values_list("page", flat=True)[:CELLS_AT_ONCE])
    seen = CellVisitor.objects.filter(hour=hour, page__in=pages)
    found = list(seen.order_by("page", "visitor").values_list("page", "visitor")[:DELETED_AT_ONCE])
    if len(found) < DELETED_AT_ONCE:
        seen.delete()
        ViewCell.objects.filter(hour=hour, page__in=pages).update(is_closed=True)
    else:
        last, _ = found[-1]
        visitors = [visitor for page, visitor in found if page == last]
        seen.filter(page__lt=last).delete()
        seen.filter(page=last, visitor__in=visitors).delete()
    return bool(pages)
