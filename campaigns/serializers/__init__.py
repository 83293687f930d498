from campaigns.serializers.campaign import CampaignSerializer, GroupSerializer
from campaigns.serializers.contact import ContactSerializer, PixelSerializer
from campaigns.serializers.removal import RemovalSerializer

__all__ = [
    "CampaignSerializer",
    "ContactSerializer",
    "GroupSerializer",
    "PixelSerializer",
    "RemovalSerializer",
]
