from campaigns.serializers.bulk import BulkResultsSerializer, BulkSerializer
from campaigns.serializers.campaign import CampaignSerializer, GroupSerializer
from campaigns.serializers.contact import (
    ContactSerializer,
    ErasedAddressSerializer,
    PixelSerializer,
)
from campaigns.serializers.removal import RemovalSerializer

__all__ = [
    "BulkResultsSerializer",
    "BulkSerializer",
    "CampaignSerializer",
    "ContactSerializer",
    "ErasedAddressSerializer",
    "GroupSerializer",
    "PixelSerializer",
    "RemovalSerializer",
]
