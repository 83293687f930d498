"""Openings made the way they come about, for tests of what is told of them."""

from datetime import datetime
from uuid import uuid4

from tracking.hit import Hit
from tracking.record import record

PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
MACHINE = "Mozilla/5.0"  # Apple Mail Privacy Protection


def open_pixel(pixel, at: datetime, user_agent=PERSON):
    """One hit of the pixel at that moment, recorded."""
    record(
        [
            Hit(
                event_id=uuid4().bytes,
                pixel=pixel.uuid.bytes,
                at=round(at.timestamp() * 1000),
                user_agent=user_agent,
                network="203.0.113.0/24",
            )
        ]
    )
