from campaigns.serializers.bulk import BulkResultsSerializer, BulkSerializer
from campaigns.serializers.campaign import CampaignSerializer, GroupSerializer
from campaigns.serializers.contact import ContactSerializer, PixelSerializer

__all__ = [
    "BulkResultsSerializer",
    "BulkSerializer",
    "CampaignSerializer",
    "ContactSerializer",
    "GroupSerializer",
    "PixelSerializer",
]
