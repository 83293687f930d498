"""What pages send to `POST /track` and `GET /t.gif`: page views, read strictly."""

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from urllib.parse import parse_qsl
from uuid import UUID

from django.utils.dateparse import parse_datetime

from tracking.event_ids import event_id
from tracking.hit import referer_host
from tracking.models.page_view import NAME_LENGTH
from tracking.moment import milliseconds
from tracking.outcome import Outcome
from tracking.page_views.hit import ViewHit
from tracking.page_views.reply import JSON, Refused, Reply
from tracking.page_views.retention import kept_since
from tracking.retention import is_too_old

TRACK_PATH, GIF_PATH = "/track", "/t.gif"
BODY_BYTES = 1_048_576
VIEWS_AT_ONCE = 1_000
# Whoever parses holds up everybody else: a megabyte of nothing but `[],`, or of `%41`, would take
# 100 ms, in which pixels wait and Redis seems to hang. A view that is full of escapes has 31 KB.
FORM_BYTES = 64 * 1024
MARKS = (b"[", b"{", b",")
MOST_MARKS = 32 * VIEWS_AT_ONCE
PORTION = 100  # views, which take a millisecond or so to read
AHEAD_MS = 5 * 60_000  # of a browser's clock, before its time is taken for a wrong one
REFERRER_LENGTH = 2_048
FORM = "application/x-www-form-urlencoded"
# `navigator.sendBeacon` sends a text as text/plain.
JSON_TYPES = ("application/json", "text/plain")
CHARSETS = ("", "utf-8", "utf8", "us-ascii")
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # control characters, surrogates
STORED_HEADERS = {"Content-Type": JSON, "Content-Length": str(len('{"event_id": ""}') + 36)}
BYTE_ORDER_MARK = "\ufeff"
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
CHARSET = re.compile(r';\s*charset\s*=\s*"?([^\s;"]*)', re.IGNORECASE)


@dataclass(frozen=True)
class Arrival:
    """When a request came, and by which id a trusted proxy knows it."""

    request_id: str
    at: int  # milliseconds since 1970, UTC

    @classmethod
    def now(cls, request_id: str) -> "Arrival":
        return cls(request_id, time.time_ns() // 1_000_000)


@dataclass(frozen=True)
class Sent:
    """The views of one request, in its order; in place of one that can't be taken, why.

    Those of a list are read in portions, so that a server with more to do needn't do it in one go.
    """

    rows: list[ViewHit | Refused]
    is_list: bool
    unread: Iterable[ViewHit | Refused] = ()

    def portions(self) -> Iterator[list[ViewHit]]:
        """Read what is unread, and yield the hits among it."""
        while found := list(islice(self.unread, PORTION)):
            self.rows.extend(found)
            yield hits_among(found)

    def read(self) -> list[ViewHit]:
        """All hits, read at once."""
        for _ in self.portions():
            pass
        return hits_among(self.rows)

    def reply(self, outcomes: list[Outcome]) -> Reply:
        """`outcomes`: of each of the hits."""
        if not self.is_list:
            [hit], [outcome] = self.rows, outcomes
            return not_stored().reply if outcome == Outcome.LOST else stored(hit)
        if outcomes and set(outcomes) == {Outcome.LOST}:
            return not_stored().reply
        told = iter(outcomes)
        results = [
            row if isinstance(row, Refused) else result_of(row, next(told)) for row in self.rows
        ]
        listed = [{"error": each.error} if isinstance(each, Refused) else each for each in results]
        return Reply.of(202, {"results": listed})


def hits_among(rows: list[ViewHit | Refused]) -> list[ViewHit]:
    return [row for row in rows if isinstance(row, ViewHit)]


def result_of(hit: ViewHit, outcome: Outcome) -> dict | Refused:
    return not_stored() if outcome == Outcome.LOST else {"event_id": uuid_of(hit)}


def stored(hit: ViewHit) -> Reply:
    """As Reply.of makes it, in a fraction of the time."""
    return Reply(202, b'{"event_id": "%s"}' % uuid_of(hit).encode(), STORED_HEADERS)


def uuid_of(hit: ViewHit) -> str:
    """As str(UUID) makes it, in a fraction of the time."""
    text = hit.event_id.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def not_stored() -> Refused:
    return Refused(503, "unavailable", "No store takes page views right now. Send it again later.")


def read_body(body: bytes, content_type: str, arrival: Arrival) -> Sent:
    """The views in the body of a request; those of a list are not read yet. Raises Refused where
    the body can't be parsed, or where its only view can't be taken."""
    if len(body) > BODY_BYTES:
        raise Refused(413, "too_large", f"Send at most {BODY_BYTES} bytes. Send a list in parts.")
    content = parse(body, content_type)
    if not isinstance(content, list):
        return Sent([read_view(content, arrival)], is_list=False)
    if not content:
        raise Refused(422, "invalid", "The list is empty. Send one page view or more.")
    if len(content) > VIEWS_AT_ONCE:
        raise Refused(413, "too_large", f"Send at most {VIEWS_AT_ONCE} page views in one list.")
    rows = (try_view(each, arrival, place) for place, each in enumerate(content))
    return Sent([], is_list=True, unread=rows)


def read_query(query: bytes, arrival: Arrival) -> ViewHit:
    """The view in the query of a `GET /t.gif`. Raises Refused."""
    return read_view(parse_form(query), arrival)


def parse(body: bytes, content_type: str):
    if is_form(content_type):
        if len(body) > FORM_BYTES:
            raise Refused(413, "too_large", f"Send at most {FORM_BYTES} bytes as a form.")
        return parse_form(body)
    if sum(map(body.count, MARKS)) > MOST_MARKS:
        detail = f"Send at most {MOST_MARKS} brackets, braces and commas. Send a list in parts."
        raise Refused(413, "too_large", detail)
    return parse_json(body)


@lru_cache(64)  # nearly all requests have the same few
def is_form(content_type: str) -> bool:
    """Else it is JSON. Raises Refused where it is neither."""
    kind, _, _ = content_type.partition(";")
    kind = kind.strip().lower()
    charset = CHARSET.search(content_type)
    if kind not in (*JSON_TYPES, FORM) or (charset[1].lower() if charset else "") not in CHARSETS:
        detail = f"Send JSON (as {JSON_TYPES[0]} or {JSON_TYPES[1]}) or a form ({FORM}), in UTF-8."
        raise Refused(415, "unsupported_media_type", detail)
    return kind == FORM


def parse_json(body: bytes):
    try:
        return DECODER.decode(body.decode().removeprefix(BYTE_ORDER_MARK))
    except (ValueError, RecursionError) as error:
        raise Refused(400, "parse_error", "The body is not JSON in UTF-8.") from error


def refuse_constant(name: str):
    raise ValueError(f"{name} is not JSON")


DECODER = json.JSONDecoder(parse_constant=refuse_constant)  # json.loads would make one each time


def parse_form(text: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            text.decode(), keep_blank_values=True, errors="strict", max_num_fields=100
        )
    except ValueError as error:
        raise Refused(400, "parse_error", "The form is not UTF-8 in percent encoding.") from error
    return dict(pairs)


def try_view(content, arrival: Arrival, place: int) -> ViewHit | Refused:
    try:
        return read_view(content, arrival, place)
    except Refused as refused:
        return refused


def read_view(content, arrival: Arrival, place: int = 0) -> ViewHit:
    """A view as it was sent; its place in a list tells it from others of the same request."""
    if not isinstance(content, Mapping):
        raise Refused(422, "invalid", 'Send an object: {"page_id": "home", "user_id": "user123"}.')
    page_id, user_id = read_name(content, "page_id"), read_name(content, "user_id")
    what = f"{place}\0{page_id}\0{user_id}".encode()
    return ViewHit(
        event_id=read_event_id(content) or event_id(arrival.request_id, what),
        page_id=page_id,
        user_id=user_id,
        at=read_time(content, arrival),
        referrer=read_referrer(content),
    )


def read_name(content: Mapping, field: str) -> str:
    name = read_text(content, field, NAME_LENGTH)
    if not name:
        raise invalid(field, f"Give {field}: a text of 1 to {NAME_LENGTH} characters.")
    return name


def read_text(content: Mapping, field: str, most: int) -> str:
    """A text that any store can hold; an empty one where nothing is given."""
    text = content.get(field)
    if text is None:
        return ""
    if not isinstance(text, str) or len(text) > most:
        raise invalid(field, f"Give a text of at most {most} characters.")
    if UNFIT.search(text):
        raise invalid(field, "Give a text without control characters and surrogates.")
    return text


def read_event_id(content: Mapping) -> bytes | None:
    text = content.get("event_id")
    if text is None:
        return None
    try:
        uuid = UUID(text)
    except (ValueError, TypeError, AttributeError):
        uuid = None
    if uuid is None or uuid.version not in range(1, 9):  # MariaDB refuses others
        raise invalid(
            "event_id", "Give a UUID of a version from 1 to 8, as common tools make them."
        )
    return uuid.bytes


def read_time(content: Mapping, arrival: Arrival) -> int:
    text = content.get("viewed_at")
    if text is None:
        return arrival.at
    try:
        moment = parse_datetime(text)
    except (ValueError, TypeError):
        moment = None
    if moment is None or moment.tzinfo is None or moment < EARLIEST:
        raise invalid("viewed_at", "Give a time with its zone, such as 2026-03-01T12:00:00Z.")
    if (at := milliseconds(moment)) > arrival.at + AHEAD_MS:
        raise invalid("viewed_at", "Give a time that has come already.", code="future")
    if is_too_old(moment, kept_since()):
        raise invalid("viewed_at", "Views as old as this are not kept any more.", code="too_old")
    return min(at, arrival.at)


def read_referrer(content: Mapping) -> str:
    return referer_host(read_text(content, "referrer", REFERRER_LENGTH))


def invalid(field: str, detail: str, code="invalid") -> Refused:
    return Refused(422, code, detail, field)
