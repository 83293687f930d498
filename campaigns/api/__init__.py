from campaigns.api.campaign import CampaignViewSet, GroupViewSet
from campaigns.api.contact import ContactViewSet, PixelViewSet
from campaigns.api.erased_address import ErasedAddressViewSet

__all__ = [
    "CampaignViewSet",
    "ContactViewSet",
    "ErasedAddressViewSet",
    "GroupViewSet",
    "PixelViewSet",
]
