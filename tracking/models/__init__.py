from tracking.models.anonymous_reader import AnonymousReader, ReaderSalt
from tracking.models.contact_openings import ContactOpenings
from tracking.models.count import OpeningCount, Tally
from tracking.models.opening import Opening
from tracking.models.quarantine import QuarantinedHit
from tracking.models.user_agent import UserAgent
from tracking.models.verdict import Verdict

__all__ = [
    "AnonymousReader",
    "ContactOpenings",
    "Opening",
    "OpeningCount",
    "QuarantinedHit",
    "ReaderSalt",
    "Tally",
    "UserAgent",
    "Verdict",
]
