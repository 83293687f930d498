"""Lists under the address of the row that they belong to."""

from django.db.models import Model
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema

PARENT = OpenApiParameter("id", int, OpenApiParameter.PATH, description="Of what they belong to.")


class Nested:
    """Mixed into a viewset: its list, for the one row that the address names.

    /api/campaigns/7/groups/ lists what /api/groups/?campaign=7 does, and is 404 by every
    method where there is no such campaign for the user. Its route is
    `….as_view({"get": "list"})`, with `<int:id>`.
    """

    parent: type[Model]
    parent_filter: str  # the filter of the flat list that stands for the address

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        parents = self.parent.objects.of(request.user).values_list("pk", flat=True)
        self.parent_id = get_object_or_404(parents, pk=self.kwargs["id"])

    @extend_schema(parameters=[PARENT])
    def list(self, request, *args, **kwargs):
        return super().list(request, *args, **kwargs)

    def get_queryset(self):
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        return self.filterset_class.base_filters[self.parent_filter].filter(rows, self.parent_id)
