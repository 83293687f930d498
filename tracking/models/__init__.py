from tracking.models.anonymous_reader import AnonymousReader, ReaderSalt
from tracking.models.archived_count import ArchivedAnonymously, ArchivedOpeningCount
from tracking.models.contact_openings import ContactOpenings
from tracking.models.count import OpeningCount, Tally
from tracking.models.opening import Opening
from tracking.models.opening_change import OpeningChange
from tracking.models.quarantine import QuarantinedHit
from tracking.models.user_agent import UserAgent
from tracking.models.verdict import Verdict

__all__ = [
    "AnonymousReader",
    "ArchivedAnonymously",
    "ArchivedOpeningCount",
    "ContactOpenings",
    "Opening",
    "OpeningChange",
    "OpeningCount",
    "QuarantinedHit",
    "ReaderSalt",
    "Tally",
    "UserAgent",
    "Verdict",
]
