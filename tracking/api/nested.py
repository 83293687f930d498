from accounts.nested import Nested
from campaigns.models import Campaign, Contact
from tracking.api.opening import OpeningViewSet


class OpeningsOfCampaign(Nested, OpeningViewSet):
    """The openings of a campaign, in all its groups."""

    parent, parent_filter = Campaign, "campaign"


class OpeningsOfContact(Nested, OpeningViewSet):
    """The openings of a contact."""

    parent, parent_filter = Contact, "contact"
