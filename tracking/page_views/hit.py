"""A hit of a page: one page view, as it came in."""

from dataclasses import dataclass
from typing import ClassVar

from django.utils.functional import cached_property  # without the lock that functools has

from tracking.hit import pack


@dataclass  # not a frozen one, see Hit
class ViewHit:
    event_id: bytes  # 16
    page_id: str
    user_id: str
    at: int  # when the page was viewed: milliseconds since 1970, UTC
    referrer: str = ""  # the host only

    FORMAT: ClassVar[int] = 2  # of the packed hit, see `tracking/kinds.py`
    STREAM: ClassVar[str] = "views"  # their own: pixels wait behind none of them
    seen_as: ClassVar[bytes] = b""  # every view counts: the filter has nothing to remember

    @property
    def spread(self) -> bytes:
        """What spreads them over the shards of the stream."""
        return self.event_id

    @cached_property
    def packed(self) -> bytes:
        """All but the event id, which the stream keeps beside it."""
        return pack((self.FORMAT, self.page_id, self.user_id, self.at, self.referrer))
