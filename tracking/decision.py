"""What the consumer decides about a hit."""

from enum import StrEnum
from typing import NamedTuple

from tracking.hit import Hit
from tracking.page_views.hit import ViewHit


class Decision(StrEnum):
    RECORDED = "recorded"
    REFRESH = "refresh"
    DUPLICATE = "duplicate"  # delivered twice
    ERASED = "erased"  # the person is tracked no more
    UNKNOWN = "unknown"  # the pixel has been deleted, or its group or campaign has
    CLOSED = "closed"
    OFF = "off"
    LIMIT = "limit"
    TOO_OLD = "too_old"  # retention may have archived it, and nobody could tell


class Recorded(NamedTuple):
    """What became of a hit; for a refresh, when the opening that counted was (ms)."""

    hit: Hit | ViewHit
    decision: Decision
    counted_at: int | None = None
