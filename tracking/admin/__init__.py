from tracking.admin.campaign import CampaignAdmin, ContactAdmin, GroupAdmin, PixelAdmin
from tracking.admin.opening import (
    ContactOpeningsAdmin,
    OpeningAdmin,
    OpeningChangeAdmin,
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
    "OpeningChangeAdmin",
    "OpeningCountAdmin",
    "PixelAdmin",
    "QuarantinedHitAdmin",
    "UserAgentAdmin",
]
