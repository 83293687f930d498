from campaigns.api.campaign import CampaignViewSet, GroupViewSet
from campaigns.api.contact import ContactViewSet, PixelViewSet
from campaigns.api.contact_import import ContactImportViewSet, RowsOfImport
from campaigns.api.erased_address import ErasedAddressViewSet
from campaigns.api.nested import (
    ContactsOfCampaign,
    ContactsOfGroup,
    GroupsOfCampaign,
    PixelsOfContact,
)
from campaigns.api.removal import RemovalViewSet

__all__ = [
    "CampaignViewSet",
    "ContactImportViewSet",
    "ContactViewSet",
    "ContactsOfCampaign",
    "ContactsOfGroup",
    "ErasedAddressViewSet",
    "GroupViewSet",
    "GroupsOfCampaign",
    "PixelViewSet",
    "PixelsOfContact",
    "RemovalViewSet",
    "RowsOfImport",
]
