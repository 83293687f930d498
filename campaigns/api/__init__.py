from campaigns.api.campaign import CampaignViewSet, GroupViewSet
from campaigns.api.contact import ContactViewSet, PixelViewSet

__all__ = ["CampaignViewSet", "ContactViewSet", "GroupViewSet", "PixelViewSet"]
