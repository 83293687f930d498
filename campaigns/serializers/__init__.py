from campaigns.serializers.bulk import BulkResultsSerializer, BulkSerializer
from campaigns.serializers.campaign import CampaignSerializer, GroupSerializer
from campaigns.serializers.contact import (
    ContactSerializer,
    ErasedAddressSerializer,
    PixelSerializer,
)
from campaigns.serializers.contact_import import (
    ContactImportSerializer,
    PostedImportSerializer,
    ReportedRowSerializer,
    UploadedImportSerializer,
)
from campaigns.serializers.removal import RemovalSerializer

__all__ = [
    "BulkResultsSerializer",
    "BulkSerializer",
    "CampaignSerializer",
    "ContactImportSerializer",
    "ContactSerializer",
    "ErasedAddressSerializer",
    "GroupSerializer",
    "PixelSerializer",
    "PostedImportSerializer",
    "RemovalSerializer",
    "ReportedRowSerializer",
    "UploadedImportSerializer",
]
