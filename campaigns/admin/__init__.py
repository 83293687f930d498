from campaigns.admin.campaign import CampaignAdmin, GroupAdmin
from campaigns.admin.contact import ContactAdmin, PixelAdmin
from campaigns.admin.contact_import import ContactImportAdmin
from campaigns.admin.erasure import ErasedAddressAdmin
from campaigns.admin.removal_progress import RemovalProgressAdmin
from campaigns.admin.reported_row import ReportedRowAdmin

__all__ = [
    "CampaignAdmin",
    "ContactAdmin",
    "ContactImportAdmin",
    "ErasedAddressAdmin",
    "GroupAdmin",
    "PixelAdmin",
    "RemovalProgressAdmin",
    "ReportedRowAdmin",
]
