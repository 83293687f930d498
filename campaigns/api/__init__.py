from campaigns.api.campaign import CampaignViewSet, GroupViewSet
from campaigns.api.contact import ContactViewSet, PixelViewSet
from campaigns.api.removal import RemovalViewSet

__all__ = ["CampaignViewSet", "ContactViewSet", "GroupViewSet", "PixelViewSet", "RemovalViewSet"]
