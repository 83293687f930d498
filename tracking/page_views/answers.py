"""What is answered at `/track`, `/t.gif` and `/stats`, whoever has taken the request in: the
express lane or a plain view."""

from dataclasses import dataclass

from tracking.collect import count_views
from tracking.fallback import lose
from tracking.kinds import NAMES
from tracking.metrics import COLLECT_SECONDS
from tracking.outcome import Outcome
from tracking.page_views.hit import ViewHit
from tracking.page_views.reply import (
    FOR_ANY_PAGE,
    JSON,
    Refused,
    Reply,
    for_senders,
    preflight,
    wrong_method,
)
from tracking.page_views.statistics import STATS_PATH, Question
from tracking.page_views.track import TRACK_PATH, Arrival, Sent, read_body, read_query
from tracking.reply import GIF, NOT_ALLOWED_HEADERS, headers_that_tell
from tracking.reply import HEADERS as GIF_HEADERS

SECONDS = COLLECT_SECONDS.labels(NAMES[ViewHit])


@dataclass(frozen=True)
class Request:
    """What counts of a request, apart from its body."""

    method: str
    path: str
    query: bytes
    content_type: str = ""
    origin: str = ""  # of the page that asks, by its browser
    request_id: str = ""

    @property
    def arrival(self) -> Arrival:
        return Arrival.now(self.request_id)


def headers_for_pages(path: str, origin: str) -> dict[str, str]:
    """What lets a page of any site read an answer to what it has asked there, whoever gives it."""
    if path == TRACK_PATH:
        return for_senders(origin)
    return FOR_ANY_PAGE if path == STATS_PATH else {}


# -- POST /track ---------------------------------------------------------------------------------
def before_body(request: Request) -> Reply | None:
    """The answer to what is no page view."""
    if request.method == "OPTIONS":
        return preflight("POST").plus(for_senders(request.origin))
    if request.method != "POST":
        return wrong_method("POST", "OPTIONS").plus(for_senders(request.origin))
    return None


def read(request: Request, body: bytes) -> Sent | Reply:
    try:
        return read_body(body, request.content_type, request.arrival)
    except Refused as refused:
        return refused.reply.plus(for_senders(request.origin))


def to_track(request: Request, sent: Sent, outcomes: list[Outcome]) -> Reply:
    return sent.reply(outcomes).plus(for_senders(request.origin)).plus(headers_that_tell(outcomes))


def lose_all(hits: list[ViewHit], why: str) -> list[Outcome]:
    return count_views(lose(len(hits), why))


# -- GET /t.gif ----------------------------------------------------------------------------------
def hits_of_gif(request: Request) -> list[ViewHit]:
    """None where the query isn't one of ours: a page shows the GIF all the same."""
    if request.method != "GET":
        return []
    try:
        return [read_query(request.query, request.arrival)]
    except Refused:
        count_views([Outcome.UNKNOWN])
        return []


def to_gif(request: Request, outcomes: list[Outcome]) -> Reply:
    if request.method not in ("GET", "HEAD"):
        return Reply(405, headers=NOT_ALLOWED_HEADERS)
    body = GIF if request.method == "GET" else b""
    return Reply(200, body, GIF_HEADERS).plus(headers_that_tell(outcomes))


# -- GET /stats ----------------------------------------------------------------------------------
def question(request: Request) -> Question | Reply:
    if request.method == "OPTIONS":
        return preflight("GET", "HEAD").plus(FOR_ANY_PAGE)
    if request.method not in ("GET", "HEAD"):
        return wrong_method("GET", "HEAD", "OPTIONS").plus(FOR_ANY_PAGE)
    try:
        return Question.read(request.query)
    except Refused as refused:
        return refused.reply.plus(FOR_ANY_PAGE)


def to_stats(method: str, answer: bytes | Refused) -> Reply:
    if isinstance(answer, Refused):
        return answer.reply.plus(FOR_ANY_PAGE)
    headers = FOR_ANY_PAGE | {
        "Content-Type": JSON,
        "Content-Length": str(len(answer)),
        "Cache-Control": "no-store",
    }
    return Reply(200, b"" if method == "HEAD" else answer, headers)
