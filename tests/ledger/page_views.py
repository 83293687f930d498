"""Page views of the ledger: which are sent, in which way, and what PixelTrack is to make of them.

A request of page views stands in the plan beside the hits of pixels: (views, way, X-Request-ID),
where a view is the object that a page sends.
"""

import json
import random
from urllib.parse import urlencode
from uuid import UUID

from tests.ledger.journal import derived_id

REPEATS = 0.25  # of the requests: one of those before it once more
SECOND_TRIES = 0.5  # of the repeats: a proxy's, with the same X-Request-ID; else the page's own
RECENT = 500
OWN_IDS = 0.6  # of the views: the page has given them an event id
LATE = 0.3  # of the views: the page says when it was viewed
BAD_ROWS = 0.1  # of the rows of a list: nothing that can be taken in
PAGES, VISITORS = 40, 4000
MOST_ROWS = 12
DAY = "2025-03-01"  # of those that say when; long before any run
WAYS = {"json": 50, "text": 10, "form": 10, "list": 15, "gif": 15}  # weights
TYPES = {
    "json": "application/json",
    "text": "text/plain;charset=UTF-8",
    "form": "application/x-www-form-urlencoded",
    "list": "application/json",
}

View = dict[str, str]
Request = tuple[list[View], str, str]


def plan_views(seed: int, count: int) -> list[Request]:
    dice = random.Random(f"views {seed}")
    requests: list[Request] = []
    for number in range(count):
        request_id = f"{seed}-view-{number}"
        if requests and dice.random() < REPEATS:
            views, way, before = dice.choice(requests[-RECENT:])
            again = dice.random() < SECOND_TRIES
            requests.append((views, way, before if again else request_id))
        else:
            [way] = dice.choices([*WAYS], [*WAYS.values()])
            requests.append((new_views(dice, way), way, request_id))
    return requests


def new_views(dice, way: str) -> list[View]:
    if way != "list":
        return [new_view(dice)]
    rows = [new_view(dice)]
    for _ in range(dice.randrange(MOST_ROWS)):
        rows.append({"page_id": "bad"} if dice.random() < BAD_ROWS else new_view(dice))
    return rows


def new_view(dice) -> View:
    page, user = dice.randrange(PAGES), dice.randrange(VISITORS)
    view = {"page_id": f"page {page}", "user_id": f"user {user}"}
    if dice.random() < OWN_IDS:
        view["event_id"] = str(UUID(int=dice.getrandbits(128), version=4))
    if dice.random() < LATE:
        view["viewed_at"] = f"{DAY}T{dice.randrange(24):02}:{dice.randrange(60):02}:30Z"
    return view


def views_of(hit) -> list[View]:
    """Those of one request of the plan; none where it is a pixel's."""
    return hit[0] if isinstance(hit[0], list) else []


def is_track(hit) -> bool:
    return bool(views_of(hit)) and hit[1] != "gif"


def is_good(view: View) -> bool:
    return "user_id" in view


def event_id_of(view: View, place: int, request_id: str) -> UUID:
    """What PixelTrack is to make of it: the page's own, or that of a proxy's request."""
    if "event_id" in view:
        return UUID(view["event_id"])
    return derived_id(request_id, f"{place}\0{view['page_id']}\0{view['user_id']}".encode())


# -- As the client sends and reads them ----------------------------------------------------------
def ask(hit, request_id: str) -> bytes:
    """The request."""
    views, way, _ = hit
    if way == "gif":
        return head("GET", f"/t.gif?{urlencode(views[0])}", request_id)
    content = views if way == "list" else views[0]
    body = (urlencode(content) if way == "form" else json.dumps(content)).encode()
    more = f"Content-Type: {TYPES[way]}\r\nContent-Length: {len(body)}\r\n"
    return head("POST", "/track", request_id, more) + body


def head(method: str, path: str, request_id: str, more="") -> bytes:
    return (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}X-Request-ID: {request_id}\r\n\r\n"
    ).encode()


def told(hit, head: bytes, body: bytes) -> list[str] | None:
    """Of each view the event id that it was answered with, or "-" where it was refused: one of
    these where no store took any. None: the answer is not what it must be."""
    if head.startswith(b"HTTP/1.1 503 "):
        return ["-"]
    if not head.startswith(b"HTTP/1.1 202 "):
        return None
    answer = json.loads(body)
    rows = answer["results"] if hit[1] == "list" else [answer]
    return [row.get("event_id", "-") for row in rows]
