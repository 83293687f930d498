from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.retry import retry_transaction
from accounts.scope import TeamScoped, changing
from campaigns.filters import RemovalFilterSet
from campaigns.models import Removal
from campaigns.serializers import RemovalSerializer


class RemovalViewSet(TeamScoped, ReadOnlyModelViewSet):
    """Removals of campaigns and groups: what was asked for, and how far each has come.

    `waiting`: nobody has begun. `running`: it is being deleted, in small steps. `done`: nothing
    is left.
    """

    queryset = Removal.objects.all()
    team_path = "team"
    serializer_class = RemovalSerializer
    filterset_class = RemovalFilterSet
    search_fields = ("name",)
    ordering_fields = ("id", "requested_at")


class RemovedInBackground:
    """For viewsets whose rows hold too much to be deleted while somebody waits."""

    @extend_schema(
        responses={202: OpenApiResponse(RemovalSerializer, "Out of sight; the removal goes on.")},
        parameters=[
            OpenApiParameter(
                "Location",
                str,
                OpenApiParameter.HEADER,
                response=[202],
                description="The address that tells how far the removal has come.",
            )
        ],
    )
    def destroy(self, request, *args, **kwargs):
        """Deletes it with all that it holds. It is out of sight at once, its name is free, and
        hits on its pixels are answered and not stored any more. The rest goes in the background:
        `/api/removals/` tells how far it has come."""
        removal = self.remove(self.get_object(), request.user.get_username())
        address = reverse("removal-detail", args=[removal.pk])
        return Response(RemovalSerializer(removal).data, 202, headers={"Location": address})

    @retry_transaction
    def remove(self, row, by: str) -> Removal:
        with changing():
            return row.remove(by=by)
