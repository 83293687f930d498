from tracking.admin.campaign import CampaignAdmin, ContactAdmin, GroupAdmin, PixelAdmin
from tracking.admin.opening import (
    ContactOpeningsAdmin,
    OpeningAdmin,
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
    "OpeningCountAdmin",
    "PixelAdmin",
    "QuarantinedHitAdmin",
    "UserAgentAdmin",
]
