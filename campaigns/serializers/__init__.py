from campaigns.serializers.campaign import CampaignSerializer, GroupSerializer
from campaigns.serializers.contact import (
    ContactSerializer,
    ErasedAddressSerializer,
    PixelSerializer,
)

__all__ = [
    "CampaignSerializer",
    "ContactSerializer",
    "ErasedAddressSerializer",
    "GroupSerializer",
    "PixelSerializer",
]
