"""Report: openings that another tool counted, for migrations. They go the way of hits."""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from accounts.retry import retry_overtaken
from campaigns.models import Pixel
from tracking.decision import Decision
from tracking.hit import Hit
from tracking.models import Opening, OpeningChange, UserAgent
from tracking.record import TRANSACTION_HITS, record


@dataclass(frozen=True)
class Reported:
    """What became of a reported opening.

    The opening is there after RECORDED, and after DUPLICATE unless its event id stands for
    something else. (Somebody may have deleted it since.)
    """

    decision: Decision
    opening: Opening | None = None

    @property
    def is_created(self) -> bool:
        return self.decision == Decision.RECORDED


def report(hits: list[Hit], by: str) -> list[Reported]:
    """Record openings that somebody reports, each as the hit that it was; the log says who.

    The rules are those of any hit, and decisions follow the order of arrival: openings that are
    there already keep theirs. Safe to repeat: an event id counts once, and comes back as it is.
    """
    reported = []
    for start in range(0, len(hits), TRANSACTION_HITS):
        reported += report_together(hits[start : start + TRANSACTION_HITS], by)
    return reported


def report_together(hits, by) -> list[Reported]:
    recorded = record_apart(hits, partial(note_created, by))
    openings = list(Opening.objects.filter(event_id__in=[UUID(bytes=h.event_id) for h in hits]))
    UserAgent.objects.attach_to(openings)
    found = {opening.event_id.bytes: opening for opening in openings}
    # uuid → (id, group id)
    pixels = Pixel.objects.filter(uuid__in={UUID(bytes=hit.pixel) for hit in hits})
    named = {uuid.bytes: ids for uuid, *ids in pixels.values_list("uuid", "pk", "contact__group")}
    reported = []
    for each in recorded:
        opening = found.get(each.hit.event_id)
        if opening and not is_of(opening, *named.get(each.hit.pixel, (None, None))):
            opening = None
        reported.append(Reported(each.decision, opening))
    return reported


def is_of(opening: Opening, pixel_id: int | None, group_id: int | None) -> bool:
    """Whether the opening is one of this pixel; of an anonymous one only the group is known."""
    if opening.pixel_id is None:
        return opening.group_id == group_id
    return opening.pixel_id == pixel_id


@retry_overtaken
def record_apart(hits, audit):
    """`record`; where one of the event ids is taken at that very moment, for a contact whose
    lock this does not hold, look again."""
    return record(hits, audit)


def note_created(by: str, openings: list[Opening]):
    OpeningChange.objects.note(by, [(None, opening) for opening in openings])
