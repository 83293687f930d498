"""The oracle of page views: what was answered, held against the rows, and the figures against both.

As the other one it knows the rules from the design alone, and shares no code with what it judges.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from uuid import UUID

from tests.ledger.findings import Findings
from tests.ledger.journal import Answer, Journal
from tests.ledger.page_views import event_id_of, is_good, is_track, views_of

HOUR_MS = 60 * 60 * 1000
SLACK_MS = 1000  # as the other oracle's
LONGEST_S = 10.0  # a client waits no longer for an answer
ALL, EVER = "", 0  # in place of a page's name and of an hour

Key = tuple[str, int]  # of a cell: a page, an hour


@dataclass
class Sent:
    """A page view that was tried, maybe several times, and maybe in several requests."""

    page: str
    user: str
    at: int | None  # when it was viewed, in ms, where the page has said so
    times: list[float] = field(default_factory=list)  # of its tries, monotonic


@dataclass(frozen=True)
class Row:
    event_id: UUID
    page: str
    user: str
    at: int  # ms
    referrer: str

    @property
    def keys(self) -> list[Key]:
        """The cells that it counts in."""
        hour = self.at // HOUR_MS
        return [(ALL, EVER), (ALL, hour), (self.page, EVER), (self.page, hour)]


class ViewOracle:
    """`moments_between(since, until)`: what time (ms) it was at `until`, by every clock that web
    processes may have gone by meanwhile."""

    def __init__(
        self,
        requests: list,
        journals: list[Journal],
        database: dict,
        moments_between: Callable[[float, float], set[float]],
    ):
        self.requests = requests
        self.moments_between = moments_between
        self.tried = {hit: sent for journal in journals for hit, sent in journal.tried.items()}
        self.answers = [answer for journal in journals for answer in journal.answers]
        self.rows = [Row(UUID(row[0]), *row[1:]) for row in database["views"]]
        self.cells = {tuple(row[:2]): tuple(row[2:]) for row in database["cells"]}
        self.seen = Counter(tuple(row) for row in database["seen"])
        self.sent: dict[UUID, Sent] = {}
        for journal in journals:
            for hit, times in journal.sent.items():
                self.remember(hit, times)
        self.findings = Findings()

    def remember(self, hit: int, times: list[float]):
        for event_id, view in self.views_of(hit):
            at = milliseconds(view["viewed_at"]) if "viewed_at" in view else None
            known = self.sent.setdefault(event_id, Sent(view["page_id"], view["user_id"], at))
            known.times += times

    def views_of(self, hit: int) -> list[tuple[UUID, dict]]:
        """Those that can be taken in, of one request: event id, view."""
        views = enumerate(views_of(self.requests[hit]))
        request_id = self.tried[hit]
        return [
            (event_id_of(view, place, request_id), view) for place, view in views if is_good(view)
        ]

    def judge(self) -> Findings:
        self.find_lost()
        self.find_double()
        self.find_phantom()
        self.check_figures()
        self.check_visitors()
        return self.findings

    def find_lost(self):
        """Every view that was answered has a row."""
        recorded = {row.event_id for row in self.rows}
        for answer in self.answers:
            for event_id in self.promised(answer):
                if event_id not in recorded:
                    self.findings.lost.append(
                        f"page view {event_id} of hit {answer.hit}, answered as {answer.outcome}"
                    )

    def promised(self, answer: Answer) -> list[UUID]:
        """The views that this answer says are taken in."""
        hit = self.requests[answer.hit]
        if not is_track(hit):
            return [event_id for event_id, _ in self.views_of(answer.hit)]
        if answer.outcome == "lost":  # 503, which `check_replies` minds
            return []
        wanted = [
            str(event_id_of(view, place, self.tried[answer.hit])) if is_good(view) else "-"
            for place, view in enumerate(views_of(hit))
        ]
        told = list(answer.told)
        if "lost" in answer.outcome:  # of some of them, which are refused
            wanted = [each if each == "-" else own for own, each in zip_longest(wanted, told)]
        if told != wanted:
            self.findings.other.append(f"hit {answer.hit} was answered with {told}")
        return [UUID(each) for each in told if each != "-"]

    def find_double(self):
        for event_id, times in Counter(row.event_id for row in self.rows).items():
            if times > 1:
                self.findings.double.append(f"page view {event_id} is there {times} times")

    def find_phantom(self):
        """Every row is a view that was sent, as it was sent, at the time at which it was."""
        for row in self.rows:
            sent = self.sent.get(row.event_id)
            if sent is None or (row.page, row.user, row.referrer) != (sent.page, sent.user, ""):
                self.findings.phantom.append(f"page view {row.event_id} of {row.page}")
            elif not self.is_time_of(sent, row.at):
                self.findings.phantom.append(f"page view {row.event_id} at {row.at}, not then")

    def is_time_of(self, sent: Sent, at: int) -> bool:
        if sent.at is not None:
            return at == sent.at
        longest = LONGEST_S * 1000
        return any(
            moment - longest - SLACK_MS <= at <= moment + SLACK_MS
            for since in sent.times
            for moment in self.moments_between(since, since + LONGEST_S)
        )

    def check_figures(self):
        """Views and visitors of each page and hour are what the rows add up to, of which none is
        missing and none too many: what `/stats` tells is what was answered."""
        views, users = Counter(), defaultdict(set)
        for row in self.rows:
            for key in row.keys:
                views[key] += 1
                users[key].add(row.user)
        for key in views.keys() | self.cells.keys():
            kept = self.cells.get(key, (0, 0))
            wanted = views[key], len(users.get(key, ()))
            for name, there, counted in zip(("views", "visitors"), kept, wanted, strict=True):
                if there != counted:
                    found = self.findings.double if there > counted else self.findings.lost
                    found.append(f"{name} of {key}: {there}, not {counted}")

    def check_visitors(self):
        """Who is remembered as seen, once each: else a visitor would count again, or never."""
        wanted = {(*key, row.user) for row in self.rows for key in row.keys}
        for each in wanted ^ self.seen.keys():
            self.findings.other.append(f"{each} is {'not ' * (each in wanted)}seen")
        for each, times in self.seen.items():
            if times > 1:
                self.findings.other.append(f"{each} is seen {times} times")


def milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
