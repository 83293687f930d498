from accounts.nested import Nested
from campaigns.api.campaign import GroupViewSet
from campaigns.api.contact import ContactViewSet, PixelViewSet
from campaigns.models import Campaign, Contact, Group


class GroupsOfCampaign(Nested, GroupViewSet):
    """The groups of a campaign."""

    parent, parent_filter = Campaign, "campaign"


class ContactsOfCampaign(Nested, ContactViewSet):
    """The contacts of a campaign, in all its groups."""

    parent, parent_filter = Campaign, "campaign"


class ContactsOfGroup(Nested, ContactViewSet):
    """The contacts of a group."""

    parent, parent_filter = Group, "group"


class PixelsOfContact(Nested, PixelViewSet):
    """The pixels of a contact, with the address and the HTML to paste into the mail."""

    parent, parent_filter = Contact, "contact"
