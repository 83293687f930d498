"""A hit: one request for a pixel, as it came in. The one place that knows HTTP.

The other kind, page views, is in `tracking/page_views/`.
"""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import ClassVar
from urllib.parse import urlsplit

from django.utils.functional import cached_property  # without the lock that functools has
from msgpack import Packer

from accounts.client_address import client_address
from campaigns.token import read_token
from tracking.event_ids import event_id
from tracking.networks import locate

# One for all: msgpack's own `packb` makes one for each, with room for a megabyte. No thread gets in
# while it packs what is no object of ours.
pack = Packer().pack
PIXEL_PATH = re.compile(r"/p/(?P<token>.+)\.gif", re.DOTALL)
USER_AGENT_LENGTH = 512
REFERER_LENGTH = 255
PREFETCH = {
    "sec-purpose": "prefetch",
    "purpose": "prefetch",
    "x-purpose": "preview",
    "x-moz": "prefetch",
}
HEADERS = ("user-agent", "referer", "x-forwarded-for", "x-request-id", *PREFETCH)
BODY_HEADERS = {"content-length", "transfer-encoding"}
ASGI_HEADERS = {name.encode(): name for name in (*HEADERS, *BODY_HEADERS)}
META_HEADERS = {"HTTP_" + name.upper().replace("-", "_"): name for name in HEADERS}


@dataclass  # not a frozen one, which takes three times as long to make
class Hit:
    event_id: bytes  # 16
    pixel: bytes  # 16, the pixel's uuid
    at: int  # when it arrived: milliseconds since 1970, UTC
    user_agent: str = ""
    network_label: str = ""
    network: str = ""
    prefetch: bool = False
    referer: str = ""  # the host only
    # (verdict, reason) where another tool has judged. Such a hit comes by the API, and is never
    # packed.
    judged: tuple[str, str] | None = None

    FORMAT: ClassVar[int] = 1  # of the packed hit, see `tracking/kinds.py`
    STREAM: ClassVar[str] = "stream"

    @classmethod
    def from_scope(cls, scope, token: str) -> "Hit | None":
        """From an ASGI scope; None where the token is not one of ours."""
        client = scope.get("client")
        return cls.read(token, known_headers(scope["headers"]), client[0] if client else "")

    @classmethod
    def from_request(cls, request, token: str) -> "Hit | None":
        """From a Django request; None where the token is not one of ours."""
        meta = request.META
        headers = {name: meta[key] for key, name in META_HEADERS.items() if key in meta}
        return cls.read(token, headers, meta.get("REMOTE_ADDR", ""))

    @classmethod
    def read(cls, token: str, headers: dict[str, str], peer: str) -> "Hit | None":
        """From `known_headers`; None where the token is not one of ours."""
        pixel = read_token(token)
        if pixel is None:
            return None
        label, network = locate(client_address(peer, headers.get("x-forwarded-for", "")))
        return cls(  # without the fields' names, which would cost as much as to check a signature
            event_id(headers.get("x-request-id", ""), pixel),
            pixel,
            time.time_ns() // 1_000_000,
            headers.get("user-agent", "")[:USER_AGENT_LENGTH],
            label,
            network,
            not PREFETCH.keys().isdisjoint(headers) and is_prefetch(headers),
            referer_host(headers.get("referer", "")),
        )

    @property
    def reader(self) -> bytes:
        """Who fetched: 8 bytes that stand for the User-Agent with the network label."""
        text = f"{self.user_agent}\0{self.network_label}"
        return blake2b(text.encode(), digest_size=8).digest()

    @cached_property
    def packed(self) -> bytes:
        """All but the event id, which the stream keeps beside it."""
        return pack(
            (
                self.FORMAT,
                self.pixel,
                self.at,
                self.user_agent,
                self.network_label,
                self.network,
                self.prefetch,
                self.referer,
            )
        )

    @property
    def spread(self) -> bytes:
        """What spreads them over the shards of the stream."""
        return self.pixel

    @property
    def seen_as(self) -> bytes:
        """By what the filter knows a refresh of it."""
        return self.pixel + self.reader


def known_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Those of a request that matter here, with names in lower case; several of a name in one."""
    headers = {}
    for name, value in raw:
        if known := ASGI_HEADERS.get(name):
            value = value.decode("latin-1")
            headers[known] = f"{headers[known]},{value}" if known in headers else value
    return headers


def is_prefetch(headers: dict[str, str]) -> bool:
    return any(
        headers[name].lower().startswith(value)
        for name, value in PREFETCH.items()
        if name in headers
    )


def referer_host(referer: str) -> str:
    if not referer:
        return ""
    try:
        host = urlsplit(referer).hostname or ""
    except ValueError:
        return ""
    _, network = locate(host)  # an address in a host's place is truncated as any other
    return network or host[:REFERER_LENGTH]
