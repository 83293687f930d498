from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.scope import TeamScoped
from tracking.filters import OpeningFilterSet
from tracking.models import Opening
from tracking.serializers import OpeningSerializer


class OpeningViewSet(TeamScoped, ReadOnlyModelViewSet):
    """Openings: each hit that counted."""

    queryset = Opening.objects.prefetch_related("user_agent")  # joined, MySQL would begin with it
    team_path = "group.campaign.team"
    serializer_class = OpeningSerializer
    filterset_class = OpeningFilterSet
    ordering_fields = ("id", "opened_at")
