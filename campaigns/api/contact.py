from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet

from accounts.scope import Conflict, TeamScoped, changing
from campaigns.api.bulk import BulkContacts
from campaigns.api.render import RenderMixin
from campaigns.filters import ContactFilterSet, PixelFilterSet
from campaigns.models import Contact, Pixel
from campaigns.serializers import ContactSerializer, PixelSerializer


class ContactViewSet(BulkContacts, RenderMixin, TeamScoped, ModelViewSet):
    """Contacts, scheduled for a group. A new one gets its pixels at once.

    An address whose person was erased is refused with the code `erased`. Deleting a contact
    takes its openings and their counts along; erasing one keeps the counts.
    """

    queryset = Contact.objects.prefetch_related("pixels")
    team_path = "group.campaign.team"
    serializer_class = ContactSerializer
    filterset_class = ContactFilterSet
    search_fields = ("email", "name", "external_id")
    ordering_fields = ("id", "scheduled_at", "created_at")
    read_actions = ("render",)
    manager_actions = ("erase",)

    @extend_schema(request=None, responses=ContactSerializer)
    @action(detail=True, methods=["post"])
    def erase(self, request, pk=None):
        """Forget the person and keep the counts. It can't be undone; for managers.

        Address, name, external id and all that openings tell of the reader are gone, in every
        contact with this address in the team. Its pixels go on answering, and nothing is
        recorded any more. Of the address only a keyed hash is kept, so that it is refused with
        the code `erased` from now on; see `/api/erased-addresses/`. Safe to repeat.
        """
        contact = self.get_object()
        try:
            contact.erase()
        except Contact.DoesNotExist:
            raise Http404 from None
        return Response(self.get_serializer(contact).data)


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
        own = Contact.objects.filter(pk=pixel.contact_id)
        with changing(), own.changing_pixels():
            pixel.delete()
