from rest_framework.viewsets import ModelViewSet

from accounts.scope import Conflict, TeamScoped, removing
from campaigns.filters import CampaignFilterSet, ContactFilterSet, GroupFilterSet, PixelFilterSet
from campaigns.models import Campaign, Contact, Group, LastGroup, Pixel
from campaigns.serializers import (
    CampaignSerializer,
    ContactSerializer,
    GroupSerializer,
    PixelSerializer,
)


class CampaignViewSet(TeamScoped, ModelViewSet):
    """Campaigns of your teams. A new one has one group, or those that you name."""

    queryset = Campaign.objects.all()
    team_path = "team"
    serializer_class = CampaignSerializer
    filterset_class = CampaignFilterSet
    search_fields = ("name",)
    ordering_fields = ("id", "name", "created_at")


class GroupViewSet(TeamScoped, ModelViewSet):
    """Groups: the arms of an A/B test. A campaign keeps at least one."""

    queryset = Group.objects.all()
    team_path = "campaign.team"
    serializer_class = GroupSerializer
    filterset_class = GroupFilterSet
    search_fields = ("name",)
    ordering_fields = ("id", "name", "created_at")

    def perform_destroy(self, group):
        try:
            super().perform_destroy(group)
        except LastGroup as last:
            raise Conflict(last, "last_group") from None


class ContactViewSet(TeamScoped, ModelViewSet):
    """Contacts, scheduled for a group. A new one gets its pixels at once."""

    queryset = Contact.objects.prefetch_related("pixels")
    team_path = "group.campaign.team"
    serializer_class = ContactSerializer
    filterset_class = ContactFilterSet
    search_fields = ("email", "name", "external_id")
    ordering_fields = ("id", "scheduled_at", "created_at")


class PixelViewSet(TeamScoped, ModelViewSet):
    """Pixels of contacts, with the address and the HTML to paste into the mail.

    Each reading of an address shows another spelling of it; all of them stay valid.
    """

    queryset = Pixel.objects.all()
    team_path = "contact.group.campaign.team"
    serializer_class = PixelSerializer
    filterset_class = PixelFilterSet
    ordering_fields = ("id",)

    def perform_destroy(self, pixel):
        if pixel.openings.exists():
            raise Conflict("This pixel has openings. Delete its contact to delete them with it.")
        with removing():
            pixel.delete()
