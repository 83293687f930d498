from tracking.models.anonymous_reader import AnonymousReader, ReaderSalt
from tracking.models.archived_count import (
    ArchivedAnonymously,
    ArchivedBreakdown,
    ArchivedOpeningCount,
    ArchivedUntil,
)
from tracking.models.campaign_decision import CampaignDecision
from tracking.models.contact_openings import ContactOpenings
from tracking.models.count import CountedDay, OpeningBreakdown, OpeningCount
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
from tracking.models.rebuild_due import RebuildDue
from tracking.models.replica_mark import ReplicaMark
from tracking.models.tally import Tally
from tracking.models.user_agent import UserAgent
from tracking.models.verdict import Verdict

__all__ = [
    "AnonymousReader",
    "ArchivedAnonymously",
    "ArchivedBreakdown",
    "ArchivedOpeningCount",
    "ArchivedUntil",
    "CampaignDecision",
    "CellVisitor",
    "ContactOpenings",
    "CountedDay",
    "ErasedVisitor",
    "Opening",
    "OpeningBreakdown",
    "OpeningChange",
    "OpeningCount",
    "Page",
    "PageView",
    "QuarantinedHit",
    "ReaderSalt",
    "RebuildDue",
    "ReplicaMark",
    "Tally",
    "UserAgent",
    "Verdict",
    "ViewCell",
    "Visitor",
]
