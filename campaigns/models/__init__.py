from campaigns.models.campaign import Campaign, Group, LastGroup
from campaigns.models.contact import Contact, Pixel

__all__ = ["Campaign", "Contact", "Group", "LastGroup", "Pixel"]
