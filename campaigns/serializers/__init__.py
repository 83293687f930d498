from campaigns.serializers.bulk import BulkResultsSerializer, BulkSerializer
from campaigns.serializers.campaign import CampaignSerializer, GroupSerializer
from campaigns.serializers.contact import (
    ContactSerializer,
    ErasedAddressSerializer,
    PixelSerializer,
)

__all__ = [
    "BulkResultsSerializer",
    "BulkSerializer",
    "CampaignSerializer",
    "ContactSerializer",
    "ErasedAddressSerializer",
    "GroupSerializer",
    "PixelSerializer",
]
