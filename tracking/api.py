from drf_spectacular.utils import extend_schema
from rest_framework.generics import RetrieveAPIView
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.scope import TeamScoped
from campaigns.models import Campaign
from tracking.filters import OpeningFilterSet
from tracking.models import Opening
from tracking.serializers import OpeningSerializer, StatisticsSerializer
from tracking.statistics import statistics_of


class OpeningViewSet(TeamScoped, ReadOnlyModelViewSet):
    """Openings: each hit that counted."""

    queryset = Opening.objects.prefetch_related("user_agent")  # joined, MySQL would begin with it
    team_path = "group.campaign.team"
    serializer_class = OpeningSerializer
    filterset_class = OpeningFilterSet
    ordering_fields = ("id", "opened_at")


class StatisticsView(TeamScoped, RetrieveAPIView):
    """The figures of a campaign and of each of its groups, at this moment."""

    queryset = Campaign.objects.all()
    team_path = "team"
    serializer_class = StatisticsSerializer

    @extend_schema(operation_id="campaigns_statistics")
    def get(self, request, *args, **kwargs):
        return Response(statistics_of(self.get_object()))
