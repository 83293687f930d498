from tracking.admin.campaign import CampaignAdmin, ContactAdmin, GroupAdmin, PixelAdmin
from tracking.admin.opening import (
    ContactOpeningsAdmin,
    OpeningAdmin,
    OpeningChangeAdmin,
    OpeningCountAdmin,
    UserAgentAdmin,
)
from tracking.admin.quarantine import QuarantinedHitAdmin

__all__ = [
    "CampaignAdmin",
    "ContactAdmin",
    "ContactOpeningsAdmin",
    "GroupAdmin",
    "OpeningAdmin",
    "OpeningChangeAdmin",
    "OpeningCountAdmin",
    "PixelAdmin",
    "QuarantinedHitAdmin",
    "UserAgentAdmin",
]
