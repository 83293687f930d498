from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import mixins
from rest_framework.viewsets import GenericViewSet

from accounts.filters import ApiKeyFilterSet
from accounts.models import ApiKey
from accounts.permissions import TeamRole, WrittenByPeople
from accounts.scope import TeamScoped
from accounts.serializers.api_key import ApiKeySerializer, NewApiKeySerializer


class ApiKeyViewSet(
    TeamScoped,
    mixins.CreateModelMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    GenericViewSet,
):
    """API keys let servers in: each into one team, with one role. Their managers see them.

    A key belongs to the team, and stays when whoever made it leaves. A key that is deleted opens
    nothing any more; it stays in the list with its `revoked_at`.
    """

    queryset = ApiKey.objects.all()
    team_path = "team"
    permission_classes = [WrittenByPeople, TeamRole]
    manager_actions = ("create", "destroy")
    serializer_class = ApiKeySerializer
    filterset_class = ApiKeyFilterSet
    search_fields = ("name", "prefix", "made_by")
    ordering_fields = ("id", "name", "created_at")

    def get_serializer_class(self):
        return NewApiKeySerializer if self.action == "create" else self.serializer_class

    @extend_schema(
        responses={201: NewApiKeySerializer},
        examples=[
            OpenApiExample(
                "a key for the CRM",
                {"team": 1, "name": "CRM", "role": "editor", "expires_at": "2030-01-01T00:00:00Z"},
                request_only=True,
            )
        ],
    )
    def create(self, request, *args, **kwargs):
        """Make a key for a team that you manage. The `key` of the answer is told this once."""
        return super().create(request, *args, **kwargs)

    def save(self, serializer, **fields):
        super().save(serializer, made_by=self.request.user.get_username())

    def perform_destroy(self, key):
        key.revoke()
