from tracking.models.anonymous_reader import AnonymousReader, ReaderSalt
from tracking.models.archived_count import ArchivedAnonymously, ArchivedOpeningCount
from tracking.models.contact_openings import ContactOpenings
from tracking.models.count import OpeningCount, Tally
from tracking.models.opening import Opening
from tracking.models.opening_change import OpeningChange
from tracking.models.page_view import (
    CellVisitor,
    ErasedVisitor,
    Page,
    PageView,
    ViewCell,
    Visitor,
)
from tracking.models.quarantine import QuarantinedHit
from tracking.models.user_agent import UserAgent
from tracking.models.verdict import Verdict

__all__ = [
    "AnonymousReader",
    "ArchivedAnonymously",
    "ArchivedOpeningCount",
    "CellVisitor",
    "ContactOpenings",
    "ErasedVisitor",
    "Opening",
    "OpeningChange",
    "OpeningCount",
    "Page",
    "PageView",
    "QuarantinedHit",
    "ReaderSalt",
    "Tally",
    "UserAgent",
    "Verdict",
    "ViewCell",
    "Visitor",
]
