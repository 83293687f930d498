from drf_spectacular.utils import extend_schema
from rest_framework.generics import RetrieveAPIView
from rest_framework.response import Response

from accounts.scope import TeamScoped
from campaigns.models import Campaign
from tracking.serializers import StatisticsSerializer
from tracking.statistics import statistics_of


class StatisticsView(TeamScoped, RetrieveAPIView):
    """The figures of a campaign and of each of its groups, at this moment."""

    queryset = Campaign.objects.all()
    team_path = "team"
    serializer_class = StatisticsSerializer

    @extend_schema(operation_id="campaigns_statistics")
    def get(self, request, *args, **kwargs):
        return Response(statistics_of(self.get_object()))
