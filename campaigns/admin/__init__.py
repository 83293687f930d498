from campaigns.admin.campaign import CampaignAdmin, GroupAdmin
from campaigns.admin.contact import ContactAdmin, PixelAdmin
from campaigns.admin.erasure import ErasedAddressAdmin
from campaigns.admin.removal_progress import RemovalProgressAdmin

__all__ = [
    "CampaignAdmin",
    "ContactAdmin",
    "ErasedAddressAdmin",
    "GroupAdmin",
    "PixelAdmin",
    "RemovalProgressAdmin",
]
