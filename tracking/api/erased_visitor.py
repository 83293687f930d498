from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.mixins import DestroyModelMixin
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.permissions import StaffPermission
from tracking.filters import ErasedVisitorFilterSet
from tracking.models import ErasedVisitor, Visitor
from tracking.serializers import ErasedVisitorSerializer

SOMEBODY = OpenApiExample("Somebody", {"user_id": "user123"}, request_only=True)
READ = "tracking.view_erasedvisitor"


class ErasedVisitorViewSet(DestroyModelMixin, ReadOnlyModelViewSet):
    """Visitors who were erased; their views are answered and not recorded.

    Only keyed hashes are kept: `?user_id=` finds the entry of a visitor. Page views belong to no
    team, and a visitor is forgotten on all pages. So this is for staff, with the permissions of
    the admin, and not for API keys, which act for a team.
    """

    queryset = ErasedVisitor.objects.all()
    permission_classes = [StaffPermission]
    needed = dict.fromkeys(("list", "retrieve", "metadata"), READ) | {
        "create": "tracking.delete_visitor",
        "destroy": "tracking.delete_erasedvisitor",
    }
    serializer_class = ErasedVisitorSerializer
    filterset_class = ErasedVisitorFilterSet
    ordering_fields = ("id", "erased_at")

    @extend_schema(
        responses={200: ErasedVisitorSerializer, 201: ErasedVisitorSerializer}, examples=[SOMEBODY]
    )
    def create(self, request, *args, **kwargs):
        """Erase a visitor, whether or not there is one. No figure moves.

        The user_id is forgotten, and views that it sends from now on are not recorded. 200 where
        it was erased before. It takes the permission to delete visitors.
        """
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user_id = serializer.validated_data["user_id"]
        entry, is_new = ErasedVisitor.objects.remember(user_id)
        Visitor.objects.erase(user_id)
        found = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(self.get_serializer(entry).data, found)

    def perform_destroy(self, entry):
        """The person may be counted again."""
        entry.remove()
