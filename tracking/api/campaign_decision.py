from types import SimpleNamespace

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.mixins import ListModelMixin
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.nested import Nested
from accounts.scope import TeamScoped, changing
from campaigns.models import Campaign
from tracking.campaign_decision_serializers import CampaignDecisionSerializer, figures_of
from tracking.models import CampaignDecision
from tracking.statistics import statistics_of

CHOICE = OpenApiExample("A winner", {"group": 2, "remark": "B it is."}, request_only=True)
CAMPAIGN = OpenApiParameter(
    "id", int, OpenApiParameter.PATH, description="Of the campaign that is decided."
)


class DecisionsOfCampaign(Nested, TeamScoped, ListModelMixin, GenericViewSet):
    """Which group of a campaign was chosen, when and by whom, and the figures it was chosen on.

    The newest comes first, and holds. None is ever changed.
    """

    queryset = CampaignDecision.objects.all()
    team_path = "campaign.team"
    serializer_class = CampaignDecisionSerializer
    parent = Campaign
    ordering_fields = ("id",)

    def rows_of_parent(self, decisions):
        return decisions.filter(campaign=self.parent_id)

    @extend_schema(
        parameters=[CAMPAIGN], responses={201: CampaignDecisionSerializer}, examples=[CHOICE]
    )
    def create(self, request, *args, **kwargs):
        """Choose the group that has won.

        The figures of all groups at this moment are kept with the decision. Nothing else changes:
        mails are still counted, and a later decision is added to this one.
        """
        campaign = get_object_or_404(Campaign.objects.of(request.user), pk=kwargs["id"])
        self.check_object_permissions(request, SimpleNamespace(campaign=campaign))
        context = self.get_serializer_context() | {"campaign": campaign.pk}
        asked = CampaignDecisionSerializer(data=request.data, context=context)
        asked.is_valid(raise_exception=True)
        figures = figures_of(statistics_of(campaign))
        by = request.user.get_username()
        with changing():
            decision = CampaignDecision.objects.note(
                by, campaign, figures=figures, **asked.validated_data
            )
        shown = CampaignDecisionSerializer(decision, context=context)
        return Response(shown.data, status.HTTP_201_CREATED)
