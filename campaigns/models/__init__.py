from campaigns.models.campaign import Campaign, Group, LastGroup
from campaigns.models.campaign_turn import CampaignTurn
from campaigns.models.contact import Contact, Pixel
from campaigns.models.contact_column import ContactColumn
from campaigns.models.contact_import import ContactImport
from campaigns.models.erased_address import ErasedAddress
from campaigns.models.removal import Removal
from campaigns.models.reported_row import ReportedRow
from campaigns.models.scheduled_count import ScheduledCount
from campaigns.models.shared_contact import SharedContact

__all__ = [
    "Campaign",
    "CampaignTurn",
    "Contact",
    "ContactColumn",
    "ContactImport",
    "ErasedAddress",
    "Group",
    "LastGroup",
    "Pixel",
    "Removal",
    "ReportedRow",
    "ScheduledCount",
    "SharedContact",
]
