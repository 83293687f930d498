from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.filters import InvitationFilterSet
from accounts.models import Invitation
from accounts.permissions import TeamRole, WrittenByPeople
from accounts.scope import TeamScoped, changing
from accounts.serializers.invitation import (
    AcceptSerializer,
    InvitationSerializer,
    NewInvitationSerializer,
)
from accounts.serializers.membership import MembershipSerializer


class InvitationViewSet(
    TeamScoped,
    mixins.CreateModelMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    GenericViewSet,
):
    """Invitations to the teams that you manage, by e-mail address.

    PixelTrack sends no mail: the answer to a new invitation has a `token`, this once, and you
    pass it on. It is good for 14 days. The answer is the same whether the address has an account
    or not: who has one logs in and accepts, who has none signs up with the token. Inviting an
    address again withdraws its earlier invitation.
    """

    queryset = Invitation.objects.all()
    team_path = "team"
    permission_classes = [WrittenByPeople, TeamRole]
    manager_actions = ("create", "destroy")
    serializer_class = InvitationSerializer
    filterset_class = InvitationFilterSet
    search_fields = ("email",)
    ordering_fields = ("id", "created_at", "expires_at")

    def get_serializer_class(self):
        classes = {"create": NewInvitationSerializer, "accept": AcceptSerializer}
        return classes.get(self.action, self.serializer_class)

    @extend_schema(
        responses={201: NewInvitationSerializer},
        examples=[
            OpenApiExample(
                "a colleague",
                {"team": 1, "email": "ada@example.com", "role": "editor"},
                request_only=True,
            )
        ],
    )
    def create(self, request, *args, **kwargs):
        """Invite an address to a team that you manage. Pass on the `token` of the answer."""
        return super().create(request, *args, **kwargs)

    def save(self, serializer, **fields):
        super().save(serializer, invited_by=self.request.user.get_username())

    def perform_destroy(self, invitation):
        """It is withdrawn, and stays in the list as such."""
        invitation.revoke()

    @extend_schema(request=AcceptSerializer, responses={200: MembershipSerializer})
    @action(detail=False, methods=["post"], filterset_class=None, pagination_class=None)
    def accept(self, request):
        """Accept an invitation for your e-mail address; the answer is your membership."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        invitation = Invitation.objects.for_address(
            serializer.validated_data["token"], request.user.email
        )
        if invitation is None:
            raise NotFound("There is no such invitation for your e-mail address.")
        with changing():
            membership = invitation.accept(request.user)
        return Response(MembershipSerializer(membership).data)
