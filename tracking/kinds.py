"""The two kinds of hits, of pixels and of pages: how each is unpacked, and who records it."""

import msgpack

from tracking.decision import Recorded
from tracking.hit import Hit
from tracking.page_views.hit import ViewHit
from tracking.page_views.record import record_views
from tracking.record import record

KINDS = (Hit, ViewHit)  # pixels first, wherever one kind goes before the other
NAMES = {Hit: "pixel", ViewHit: "page_view"}  # in metrics
FORMATS = {kind.FORMAT: kind for kind in KINDS}
RECORDERS = {Hit: record, ViewHit: record_views}


def unpack(event_id: bytes, packed: bytes) -> Hit | ViewHit:
    """ValueError where the bytes are no hit, or one of a format that is newer than this code."""
    version, *fields = msgpack.unpackb(packed)
    if version not in FORMATS:
        raise ValueError(f"packed in format {version}, and only {sorted(FORMATS)} are known here")
    return FORMATS[version](event_id, *fields)


def kind_of(packed: bytes) -> type[Hit | ViewHit]:
    """Also of what can't be unpacked whole; a hit of a pixel where nobody can tell."""
    try:
        version, *_ = msgpack.unpackb(packed)
        return FORMATS.get(version, Hit)
    except Exception:  # whatever garbage can do to the unpacking
        return Hit


def record_all(hits: list[Hit | ViewHit]) -> list[Recorded]:
    """Per hit what became of it, in their order; a transaction for each kind. Safe to repeat."""
    recorded = {}
    for kind, recorder in RECORDERS.items():
        places = [place for place, hit in enumerate(hits) if isinstance(hit, kind)]
        if places:
            found = recorder([hits[place] for place in places])
            recorded |= zip(places, found, strict=True)
    return [recorded[place] for place in range(len(hits))]
