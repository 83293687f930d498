from campaigns.admin.campaign import CampaignAdmin, GroupAdmin
from campaigns.admin.contact import ContactAdmin, PixelAdmin

__all__ = ["CampaignAdmin", "ContactAdmin", "GroupAdmin", "PixelAdmin"]
