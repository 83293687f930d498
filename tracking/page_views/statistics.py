"""What `GET /stats` tells: exact figures, read from a few rows of counts."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from tracking.models import Page, ViewCell
from tracking.models.page_view import ALL_PAGES, ALL_TIME, NAME_LENGTH, begin_of, hour_of
from tracking.page_views.reply import Refused
from tracking.page_views.track import EARLIEST

STATS_PATH = "/stats"
PARAMETERS = ("page_id", "by", "page_size", "after", "bucket", "from", "to")
PAGE_SIZE, MOST_PAGES = 100, 1_000
MOST_HOURS = 24 * 92
LATEST = datetime(9999, 1, 1, tzinfo=UTC)  # near its end, the calendar has no next hour
NO_PAGE = -1
# As many digits as any database can take for a number.
POSITION = re.compile(r"(?P<views>[0-9]{1,18})-(?P<page>[0-9]{1,18})")


@dataclass(frozen=True)
class Question:
    """What is asked, once it is understood; the same question has the same `key`."""

    page_id: str = ""
    by_page: bool = False
    page_size: int = PAGE_SIZE
    after: tuple[int, int] | None = None  # views and id of the page that was told last
    hours: range | None = None

    @classmethod
    def read(cls, query: bytes) -> "Question":
        """From the query of an address. Raises Refused."""
        asked = read_parameters(query)
        if not 0 < len(asked.get("page_id", "any")) <= NAME_LENGTH:
            raise wrong("page_id", f"Name a page in at most {NAME_LENGTH} characters.")
        question = cls(
            page_id=asked.get("page_id", ""),
            by_page=one_of(asked, "by", "page"),
            page_size=number(asked, "page_size", PAGE_SIZE, 1, MOST_PAGES),
            after=read_position(asked),
            hours=read_hours(asked),
        )
        if question.by_page and (question.page_id or question.hours):
            raise wrong("by", "Ask by=page without page_id and bucket.")
        return question

    @property
    def key(self) -> str:
        hours = f"{self.hours.start}-{self.hours.stop}" if self.hours else ""
        after = position(*self.after) if self.after else ""
        return f"{self.by_page:d}|{self.page_size}|{after}|{hours}|{self.page_id}"

    def answer(self, as_of: datetime | None = None) -> dict:
        """The figures as they are now, or in a replica `as_of` a moment before."""
        page = self._page()
        total = ViewCell.objects.filter(page=page, hour=ALL_TIME).first()
        answer = {
            "total_views": total.views if total else 0,
            "unique_visitors": total.visitors if total else 0,
            "as_of": iso(as_of or timezone.now()),
        }
        if self.by_page:
            answer |= self._pages()
        if self.hours:
            answer["series"] = self._series(page)
        return answer

    def _page(self) -> int:
        """The page's number in the cells."""
        if not self.page_id:
            return ALL_PAGES
        return Page.objects.known([self.page_id]).get(self.page_id, NO_PAGE)

    def _pages(self) -> dict:
        """Those with most views first; one more is read to know whether any are left."""
        found = self._most_viewed(self.page_size + 1)
        told = found[: self.page_size]
        names = Page.objects.in_bulk([page for page, _, _ in told])
        pages = [
            {"page_id": names[page].page_id, "views": views, "visitors": visitors}
            for page, views, visitors in told
        ]
        return {"pages": pages, "next": self._next(told[-1]) if len(found) > len(told) else None}

    def _most_viewed(self, most: int) -> list[tuple[int, int, int]]:
        """(page, views, visitors) of those after the position. In one condition, "as many views, or
        fewer" would make the database sort, or read all that have as many."""
        rows = ViewCell.objects.by_views().values_list("page", "views", "visitors")
        if self.after is None:
            return list(rows[:most])
        views, page = self.after
        as_many = list(rows.filter(views=views, page__gt=page)[:most])
        return as_many + list(rows.filter(views__lt=views)[: most - len(as_many)])

    def _next(self, last: tuple[int, int, int]) -> str:
        """The address of the pages after the last one that is told."""
        page, views, _ = last
        rest = {"by": "page", "page_size": self.page_size, "after": position(views, page)}
        return f"{STATS_PATH}?{urlencode(rest)}"

    def _series(self, page: int) -> list[dict]:
        """Every hour that was asked for, also those without views."""
        cells = ViewCell.objects.filter(
            page=page, hour__gte=self.hours.start, hour__lt=self.hours.stop
        )
        figures = {cell.hour: (cell.views, cell.visitors) for cell in cells}
        return [
            {"at": iso(begin_of(hour)), "views": views, "visitors": visitors}
            for hour in self.hours
            for views, visitors in [figures.get(hour, (0, 0))]
        ]


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def read_parameters(query: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            query.decode(), keep_blank_values=True, errors="strict", max_num_fields=20
        )
    except ValueError:
        raise Refused(400, "parse_error", "The query is not UTF-8 in percent encoding.") from None
    for name, _ in pairs:
        if name not in PARAMETERS:
            raise wrong(name[:NAME_LENGTH], f"Ask for one of {', '.join(PARAMETERS)}.")
    return dict(pairs)


def one_of(asked: dict, name: str, value: str) -> bool:
    if asked.get(name, value) != value:
        raise wrong(name, f"Ask for {name}={value}, or leave it out.")
    return name in asked


def number(asked: dict, name: str, default: int, least: int, most: int) -> int:
    text = asked.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 12 and least <= int(text) <= most):
        raise wrong(name, f"Give a whole number from {least} to {most}.")
    return int(text)


def position(views: int, page: int) -> str:
    """Of a page in the order of views."""
    return f"{views}-{page}"


def read_position(asked: dict) -> tuple[int, int] | None:
    if "after" not in asked:
        return None
    if found := POSITION.fullmatch(asked["after"]):
        return int(found["views"]), int(found["page"])
    raise wrong("after", "Follow the address in `next`, which says after which page.")


def read_hours(asked: dict) -> range | None:
    """The hours that `from` and `to` touch; those of the last day where they are not given."""
    if not one_of(asked, "bucket", "hour"):
        if "from" in asked or "to" in asked:
            raise wrong("bucket", "Ask for bucket=hour along with from and to.")
        return None
    end = read_moment(asked, "to") or timezone.now()
    stop = hour_of(end) + (1 if hour_of(end) * 3600 < end.timestamp() else 0)
    begin = read_moment(asked, "from")
    start = hour_of(begin) if begin else stop - 24
    if not 0 < stop - start <= MOST_HOURS:
        raise wrong("from", f"Ask for 1 to {MOST_HOURS} hours: from comes before to.")
    return range(start, stop)


def read_moment(asked: dict, name: str) -> datetime | None:
    if name not in asked:
        return None
    try:
        moment = parse_datetime(asked[name].replace(" ", "+"))  # a plus sign means a blank there
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not EARLIEST <= moment < LATEST:
        detail = "Give a time from 2000 to 9998 with its zone, such as 2026-03-01T12:00:00Z."
        raise wrong(name, detail)
    return moment


def wrong(field: str, detail: str) -> Refused:
    return Refused(400, "invalid", detail, field)
