from tracking.admin.campaign import CampaignAdmin, GroupAdmin, PixelAdmin
from tracking.admin.campaign_decision import CampaignDecisionAdmin
from tracking.admin.contact import ContactAdmin
from tracking.admin.opening import (
    ContactOpeningsAdmin,
    OpeningAdmin,
    OpeningBreakdownAdmin,
    OpeningChangeAdmin,
    OpeningCountAdmin,
    UserAgentAdmin,
)
from tracking.admin.page_view import PageAdmin
from tracking.admin.quarantine import QuarantinedHitAdmin
from tracking.admin.visitor import ErasedVisitorAdmin, VisitorAdmin

__all__ = [
    "CampaignAdmin",
    "CampaignDecisionAdmin",
    "ContactAdmin",
    "ContactOpeningsAdmin",
    "ErasedVisitorAdmin",
    "GroupAdmin",
    "OpeningAdmin",
    "OpeningBreakdownAdmin",
    "OpeningChangeAdmin",
    "OpeningCountAdmin",
    "PageAdmin",
    "PixelAdmin",
    "QuarantinedHitAdmin",
    "UserAgentAdmin",
    "VisitorAdmin",
]
