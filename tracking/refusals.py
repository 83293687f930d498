"""Why an opening is not counted, in sentences."""

from tracking.decision import Decision
from tracking.record import PIXEL_LIMIT

EVENT_ID_TAKEN = "event_id_taken"
REFUSALS = {
    Decision.REFRESH: "The same reader has an opening of this pixel less than 60 minutes before "
    "or after: this is a refresh of it, and not an opening. Leave it out.",
    Decision.CLOSED: "The campaign was closed by then. Clear or move its closed_at to count this.",
    Decision.OFF: "The campaign's tracking is off. Set it to individual to count this.",
    Decision.ERASED: "The person was erased and is tracked no more. Leave the opening out.",
    Decision.LIMIT: f"The pixel has {PIXEL_LIMIT} openings around that time. Leave this one out.",
    Decision.TOO_OLD: "Openings of that time are not kept any more: they are counted, and it can't "
    "be told whether this one is among them. Leave it out.",
    Decision.UNKNOWN: "The pixel was deleted at this very moment.",
    Decision.DUPLICATE: "This event id is that of something else. Give another one.",
}


def refusal_of(decision: Decision) -> tuple[str, str]:
    """(stable code, sentence) of a decision against an opening."""
    code = EVENT_ID_TAKEN if decision == Decision.DUPLICATE else decision.value
    return code, REFUSALS[decision]
