from rest_framework.viewsets import ModelViewSet

from accounts.filters import TeamFilterSet
from accounts.models import Team
from accounts.permissions import TeamRole, WrittenByPeople
from accounts.scope import TeamScoped
from accounts.serializers.team import TeamSerializer


class TeamViewSet(TeamScoped, ModelViewSet):
    """Teams that you are in. Whoever makes one is its manager; managers rename and delete it.

    A team with campaigns can't be deleted, and neither can anybody's own team.
    """

    queryset = Team.objects.all()
    permission_classes = [WrittenByPeople, TeamRole]
    manager_actions = ("update", "partial_update", "destroy")
    serializer_class = TeamSerializer
    filterset_class = TeamFilterSet
    search_fields = ("name",)
    ordering_fields = ("id", "name", "created_at")

    def team_of(self, team):
        return team

    def perform_create(self, serializer):
        self.save(serializer, manager=self.request.user)
