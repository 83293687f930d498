from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.scope import TeamScoped
from tracking.filters import OpeningChangeFilterSet
from tracking.models import OpeningChange
from tracking.opening_serializers import OpeningChangeSerializer


class OpeningChangeViewSet(TeamScoped, ReadOnlyModelViewSet):
    """The log of openings that somebody created, corrected or deleted by the API.

    It keeps what the opening was before and after, and nothing of its reader; it stays when
    somebody deletes the opening, and goes when the opening is so old that it is not kept any more.
    """

    queryset = OpeningChange.objects.all()
    team_path = "group.campaign.team"
    serializer_class = OpeningChangeSerializer
    filterset_class = OpeningChangeFilterSet
    ordering_fields = ("id", "at")
