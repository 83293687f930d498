"""Settle: record packed hits, wherever they waited, and let a bad one keep no other back."""

import logging
from collections import Counter

from accounts.retry import is_unavailable
from tracking.decision import Decision, Recorded
from tracking.hit import Hit
from tracking.kinds import kind_of, record_all, unpack
from tracking.metrics import RECORDED, RECORDED_VIEWS
from tracking.models import ErasedVisitor, QuarantinedHit
from tracking.models.quarantine import user_of
from tracking.page_views.hit import ViewHit
from tracking.record import TRANSACTION_HITS

logger = logging.getLogger(__name__)

QUARANTINED = "quarantined"
# Each from the beginning, so that the first one is seen as an increase.
COUNTERS = {
    kind: {decision: counter.labels(decision) for decision in (*Decision, QUARANTINED)}
    for kind, counter in ((Hit, RECORDED), (ViewHit, RECORDED_VIEWS))
}


def settle(packed: list[tuple[bytes, bytes]]) -> list[Recorded]:
    """Every one of these (event id, packed hit) is in the database when this returns: recorded,
    or in quarantine. Raises where the database is unavailable; safe to repeat."""
    hits = []
    for event_id, data in packed:
        try:
            hits.append(unpack(event_id, data))
        except Exception as error:  # whatever garbage can do to the unpacking
            quarantine(event_id, data, error)
    recorded = []
    for start in range(0, len(hits), TRANSACTION_HITS):
        recorded += record_or_quarantine(hits[start : start + TRANSACTION_HITS])
    count(recorded)
    return recorded


def count(recorded: list[Recorded]):
    for (kind, decision), number in Counter(map(kind_and_decision, recorded)).items():
        COUNTERS[kind][decision].inc(number)


def kind_and_decision(recorded: Recorded) -> tuple[type, Decision]:
    return type(recorded.hit), recorded.decision


def record_or_quarantine(hits: list[Hit]) -> list[Recorded]:
    """Halves a group that can't be recorded until the bad hit is alone."""
    if not hits:
        return []
    try:
        return record_all(hits)
    except Exception as error:
        if is_unavailable(error):
            raise
        if len(hits) == 1:
            quarantine(hits[0].event_id, hits[0].packed, error)
            return []
    middle = len(hits) // 2
    return record_or_quarantine(hits[:middle]) + record_or_quarantine(hits[middle:])


def quarantine(event_id: bytes, packed: bytes, error: Exception):
    QuarantinedHit.objects.put(event_id, packed, error)
    # Looked at afterwards: either `erase` finds it there, or it is found here who is erased.
    user_id = user_of(packed)
    if user_id and ErasedVisitor.objects.among([user_id]):
        QuarantinedHit.objects.forget_visitor(user_id)
    COUNTERS[kind_of(packed)][QUARANTINED].inc()
    logger.error("A hit can't be recorded (%s) and is in quarantine.", type(error).__name__)


def replay(quarantined: QuarantinedHit) -> Recorded | None:
    """Record it after all, and let it out; None where it still can't be, with the reason of today.
    Raises where the database is unavailable; safe to repeat."""
    try:
        [recorded] = record_all([unpack(quarantined.event, bytes(quarantined.packed))])
    except Exception as error:
        if is_unavailable(error):
            raise
        quarantined.refused(error)
        return None
    quarantined.delete()
    count([recorded])
    return recorded
