from campaigns.admin.campaign import CampaignAdmin, GroupAdmin
from campaigns.admin.contact import ContactAdmin, PixelAdmin
from campaigns.admin.removal_progress import RemovalProgressAdmin

__all__ = ["CampaignAdmin", "ContactAdmin", "GroupAdmin", "PixelAdmin", "RemovalProgressAdmin"]
