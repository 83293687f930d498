from campaigns.admin.campaign import CampaignAdmin, GroupAdmin
from campaigns.admin.contact import ContactAdmin, PixelAdmin
from campaigns.admin.erasure import ErasedAddressAdmin

__all__ = ["CampaignAdmin", "ContactAdmin", "ErasedAddressAdmin", "GroupAdmin", "PixelAdmin"]
