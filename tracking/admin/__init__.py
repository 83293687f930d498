from tracking.admin.campaign import CampaignAdmin, ContactAdmin, GroupAdmin, PixelAdmin
from tracking.admin.opening import (
    ContactOpeningsAdmin,
    OpeningAdmin,
    OpeningCountAdmin,
    QuarantinedHitAdmin,
    UserAgentAdmin,
)

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
