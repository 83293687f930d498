"""Figures of pages as people look at them: since the beginning, and hour by hour of late."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tracking.models import ViewCell
from tracking.models.page_view import ALL_TIME, begin_of


@dataclass(frozen=True)
class Hour:
    at: datetime  # its begin
    views: int
    visitors: int


@dataclass(frozen=True)
class Figures:
    views: int
    visitors: int
    hours: list[Hour]  # the oldest first, also those without views

    @property
    def late_views(self) -> int:
        return sum(hour.views for hour in self.hours)


def figures_of(pages: Iterable[int], hours: range) -> dict[int, Figures]:
    """By the id of the page, or ALL_PAGES; two queries, whatever their number."""
    cells = ViewCell.objects.filter(page__in=list(pages))
    of_hours = cells.filter(hour__gte=hours.start, hour__lt=hours.stop)
    totals = {cell.page: cell for cell in cells.filter(hour=ALL_TIME)}
    late = {(cell.page, cell.hour): cell for cell in of_hours}
    return {page: figures(page, totals.get(page), late, hours) for page in pages}


def figures(page: int, total: ViewCell | None, late: dict, hours: range) -> Figures:
    none = ViewCell()
    cells = [(hour, late.get((page, hour), none)) for hour in hours]
    total = total or none
    return Figures(
        views=total.views,
        visitors=total.visitors,
        hours=[Hour(begin_of(hour), cell.views, cell.visitors) for hour, cell in cells],
    )
