from campaigns.serializers.campaign import CampaignSerializer, GroupSerializer
from campaigns.serializers.contact import ContactSerializer, PixelSerializer

__all__ = ["CampaignSerializer", "ContactSerializer", "GroupSerializer", "PixelSerializer"]
