"""Event ids: the 16 bytes of a UUID for each hit, by which it counts once however often it is
delivered."""

from collections import deque
from hashlib import blake2b
from os import register_at_fork

from django.conf import settings

from accounts.uuids import marked, ordered_uuids

AT_ONCE = 256  # new ones: to ask the kernel for each takes as long as to sign a text

_new: deque[bytes] = deque()  # made, and not used yet
register_at_fork(after_in_child=_new.clear)  # no two processes may use the same ones


def event_id(request_id: str, what: bytes) -> bytes:
    """The same for each try of one request by a trusted proxy, else a new one. `what` tells the
    hits of one request apart."""
    if request_id and settings.TRUSTED_PROXIES:
        return marked(5, blake2b(request_id.encode() + what, digest_size=16).digest())[0]
    return new_event_id()


def new_event_id() -> bytes:
    while True:
        try:
            return _new.pop()
        except IndexError:  # again where other threads have taken them all
            _new.extend(ordered_uuids(AT_ONCE))
