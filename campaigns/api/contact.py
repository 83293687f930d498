from rest_framework.viewsets import ModelViewSet

from accounts.scope import Conflict, TeamScoped, removing
from campaigns.api.bulk import BulkContacts
from campaigns.api.render import RenderMixin
from campaigns.filters import ContactFilterSet, PixelFilterSet
from campaigns.models import Contact, Pixel
from campaigns.serializers import ContactSerializer, PixelSerializer


class ContactViewSet(BulkContacts, RenderMixin, TeamScoped, ModelViewSet):
    """Contacts, scheduled for a group. A new one gets its pixels at once."""

    queryset = Contact.objects.prefetch_related("pixels")
    team_path = "group.campaign.team"
    serializer_class = ContactSerializer
    filterset_class = ContactFilterSet
    search_fields = ("email", "name", "external_id")
    ordering_fields = ("id", "scheduled_at", "created_at")
    read_actions = ("render",)


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
