from rest_framework.mixins import DestroyModelMixin
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.scope import TeamScoped
from campaigns.filters import ErasedAddressFilterSet
from campaigns.models import ErasedAddress
from campaigns.serializers import ErasedAddressSerializer


class ErasedAddressViewSet(DestroyModelMixin, TeamScoped, ReadOnlyModelViewSet):
    """Addresses whose persons were erased; they are refused when they are added again.

    Only keyed hashes are kept: `?email=` finds the entry of an address. A manager deletes the
    entry when the person agrees to be tracked again.
    """

    queryset = ErasedAddress.objects.all()
    team_path = "team"
    serializer_class = ErasedAddressSerializer
    filterset_class = ErasedAddressFilterSet
    ordering_fields = ("id", "erased_at")
