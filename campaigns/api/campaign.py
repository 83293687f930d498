from rest_framework.viewsets import ModelViewSet

from accounts.scope import TeamScoped
from campaigns.api.removal import RemovedInBackground
from campaigns.filters import CampaignFilterSet, GroupFilterSet
from campaigns.models import Campaign, Group
from campaigns.serializers import CampaignSerializer, GroupSerializer


class CampaignViewSet(RemovedInBackground, TeamScoped, ModelViewSet):
    """Campaigns of your teams. A new one has one group, or those that you name."""

    queryset = Campaign.objects.all()
    team_path = "team"
    serializer_class = CampaignSerializer
    filterset_class = CampaignFilterSet
    search_fields = ("name",)
    ordering_fields = ("id", "name", "created_at")


class GroupViewSet(RemovedInBackground, TeamScoped, ModelViewSet):
    """Groups: the arms of an A/B test. A campaign keeps at least one."""

    queryset = Group.objects.all()
    team_path = "campaign.team"
    serializer_class = GroupSerializer
    filterset_class = GroupFilterSet
    search_fields = ("name",)
    ordering_fields = ("id", "name", "created_at")
