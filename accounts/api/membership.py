from rest_framework import mixins
from rest_framework.viewsets import GenericViewSet

from accounts.filters import MembershipFilterSet
from accounts.models import Membership
from accounts.permissions import TeamRole, WrittenByPeople
from accounts.scope import TeamScoped
from accounts.serializers.membership import MembershipSerializer


class MayLeave(TeamRole):
    """Whoever is in a team may leave it, whatever their role."""

    def has_object_permission(self, request, view, membership):
        leaves = view.action == "destroy" and membership.user_id == request.user.pk
        return leaves or super().has_object_permission(request, view, membership)


class MembershipViewSet(
    TeamScoped,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    GenericViewSet,
):
    """Who is in your teams, and in which role. Invitations bring in new members.

    Managers change roles and send members away; every member may leave. The last manager of a
    team can do neither, and nobody is sent away from their own team.
    """

    queryset = Membership.objects.select_related("user")
    team_path = "team"
    permission_classes = [WrittenByPeople, MayLeave]
    manager_actions = ("update", "partial_update", "destroy")
    serializer_class = MembershipSerializer
    filterset_class = MembershipFilterSet
    search_fields = ("user__username", "user__email")
    ordering_fields = ("id", "created_at")
