"""What is answered to pages, by the express lane and by the plain views alike."""

import json
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from accounts.problem import CONTENT_TYPE, problem
from tracking.reply import raw_headers

JSON = "application/json"
NOT_IN_A_LINE = re.compile(b"[\x00-\x08\x0a-\x1f\x7f]")  # of a header
PREFLIGHT_SECONDS = 86_400
# Also where the figures are not public: to an answer for any origin no browser lets a page bring
# the reader's cookies, and a page that has a token sends it itself.
FOR_ANY_PAGE = {"Access-Control-Allow-Origin": "*"}
FOR_ANY_SENDER = FOR_ANY_PAGE | {"Vary": "Origin"}


@dataclass(frozen=True)
class Reply:
    """An answer; every header of it is in `headers`."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @cached_property
    def head(self) -> bytes:
        """The lines of its headers; ValueError where one would break out of its line."""
        return lines_of(tuple(self.headers.items()))

    @classmethod
    def of(cls, status: int, content: dict, content_type: str = JSON, **headers: str) -> "Reply":
        body = json.dumps(content).encode()
        named = {"Content-Type": content_type, "Content-Length": str(len(body))}
        return cls(status, body, named | headers)

    def plus(self, headers: dict[str, str]) -> "Reply":
        return Reply(self.status, self.body, self.headers | headers) if headers else self


@lru_cache(64)  # nearly all replies have the same few
def lines_of(headers: tuple[tuple[str, str], ...]) -> bytes:
    raw = raw_headers(headers)
    if any(NOT_IN_A_LINE.search(value) for _, value in raw):  # one may be the client's own
        raise ValueError("Invalid HTTP header value.")
    return b"".join(b"%s: %s\r\n" % pair for pair in raw)


class Refused(Exception):
    """A request, or one of its views, that is not taken in; what to do about it is in `detail`."""

    def __init__(self, status: int, code: str, detail: str, field: str | None = None):
        super().__init__(detail)
        self.status, self.code, self.detail, self.field = status, code, detail, field

    @property
    def error(self) -> dict:
        return {"code": self.code, "field": self.field, "detail": self.detail}

    @property
    def reply(self) -> Reply:
        errors = [self.error] if self.field else []
        content = problem(self.status, self.code, self.detail, errors)
        return Reply.of(self.status, content, CONTENT_TYPE)


def for_senders(origin: str) -> dict[str, str]:
    """What lets the page that has sent a view read the answer. `sendBeacon` insists on sending
    cookies, too, which mean nothing there."""
    if not origin:
        return FOR_ANY_SENDER
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Vary": "Origin",
    }


def wrong_method(*allowed: str) -> Reply:
    """405, or what a browser asks before it lets a page send anything: see `preflight`."""
    names = ", ".join(allowed)
    refused = Refused(405, "method_not_allowed", f"Use {names} here.")
    return Reply(405, refused.reply.body, refused.reply.headers | {"Allow": names})


def preflight(*allowed: str) -> Reply:
    return Reply(
        204,
        headers={
            "Access-Control-Allow-Methods": ", ".join(allowed),
            "Access-Control-Allow-Headers": "Content-Type, Authorization",
            "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
            "Allow": ", ".join((*allowed, "OPTIONS")),
        },
    )
