from functools import partial

from drf_spectacular.utils import extend_schema
from rest_framework.generics import RetrieveAPIView
from rest_framework.response import Response

from accounts.scope import TeamScoped
from campaigns.models import Campaign
from tracking.replica import from_replica
from tracking.statistics import statistics_of
from tracking.statistics_serializers import QuestionSerializer, StatisticsSerializer


class StatisticsView(TeamScoped, RetrieveAPIView):
    """The figures of a campaign and of each of its groups, at this moment.

    They are read from counts, and cost the same however much was opened. Each figure is told raw,
    and verified: by a person, or on behalf of one. docs/statistics.md says what is counted, and
    docs/comparison.md how groups are compared with the control.
    """

    queryset = Campaign.objects.all()
    team_path = "team"
    serializer_class = StatisticsSerializer

    @extend_schema(operation_id="campaigns_statistics", parameters=[QuestionSerializer])
    def get(self, request, *args, **kwargs):
        campaign = self.get_object()
        asked = QuestionSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        question = asked.question(campaign.time_zone)
        return Response(from_replica(partial(statistics_of, campaign, question)))
