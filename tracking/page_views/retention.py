"""Retention of page views: the views go, what was counted stays.

With a view goes its event id, and with an old hour who was seen in it; so that none is counted
again, no view is taken in that is older than PAGE_VIEW_RETENTION_DAYS.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime

from django.conf import settings

from tracking.models import CellVisitor, PageView, ViewCell
from tracking.models.page_view import ALL_TIME, hour_of
from tracking.retention import days_ago, paced

DELETED_AT_ONCE = 1_000


def kept_since() -> datetime | None:
    """What was viewed before that moment is deleted; None where all is kept."""
    days = settings.PAGE_VIEW_RETENTION_DAYS
    return days_ago(days) if days else None


def work(seconds: float, pause: Callable[[float], None] = time.sleep):
    """As `tracking.retention.work`."""
    if moment := kept_since():
        paced(forget_views_before(moment), seconds, pause)


def forget_views_before(moment: datetime) -> Iterator[int]:
    """Delete in small steps what was viewed before that moment; yields each step's number of views,
    0 where it was visitors of hours that went."""
    old = PageView.objects.filter(viewed_at__lt=moment).order_by("viewed_at")
    while found := list(old.values_list("pk", flat=True)[:DELETED_AT_ONCE]):
        yield PageView.objects.filter(pk__in=found).delete()[0]
    yield from forget_visitors_of_hours_before(hour_of(moment))


def forget_visitors_of_hours_before(hour: int) -> Iterator[int]:
    """Who was seen in these hours; how many they were is counted already."""
    cells = ViewCell.objects.filter(hour__gt=ALL_TIME, hour__lt=hour, is_closed=False)
    for cell in cells.order_by("hour").iterator():
        seen = CellVisitor.objects.filter(page=cell.page, hour=cell.hour)
        while found := list(seen.values_list("visitor", flat=True)[:DELETED_AT_ONCE]):
            seen.filter(visitor__in=found).delete()
            yield 0
        ViewCell.objects.filter(pk=cell.pk).update(is_closed=True)
