"""What every client of a pixel gets, whatever became of its hit."""

from base64 import b64decode
from functools import lru_cache

from django.conf import settings

from tracking.outcome import Outcome

GIF = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")

HEADERS = {
    "Content-Type": "image/gif",
    "Content-Length": str(len(GIF)),
    "Cache-Control": "no-store, no-cache, must-revalidate, max-age=0, private",
    "Pragma": "no-cache",
    "Expires": "0",
}


def headers_after(outcome: Outcome) -> dict[str, str]:
    """The same for every outcome, unless tests ask to be told which it was."""
    return HEADERS | headers_that_tell([outcome])


def headers_that_tell(outcomes: list[Outcome]) -> dict[str, str]:
    """For tests: what became of the hits of one request, each kind of outcome once."""
    if not (outcomes and settings.PIXEL_OUTCOME_HEADER):
        return {}
    return {"X-Pixel-Outcome": ",".join(sorted(set(outcomes)))}


NOT_ALLOWED_HEADERS = {"Allow": "GET, HEAD", "Content-Length": "0"}


@lru_cache(64)  # nearly all replies have the same few
def raw_headers(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[bytes, bytes], ...]:
    """As servers want them."""
    return tuple((name.lower().encode(), value.encode("latin-1")) for name, value in headers)
