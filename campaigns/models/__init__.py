from campaigns.models.campaign import Campaign, Group, LastGroup
from campaigns.models.contact import Contact, Pixel
from campaigns.models.erased_address import ErasedAddress
from campaigns.models.removal import Removal

__all__ = ["Campaign", "Contact", "ErasedAddress", "Group", "LastGroup", "Pixel", "Removal"]
