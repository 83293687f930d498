"""Lists under the address of the row that they belong to."""

from django.db.models import Model
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema


class Nested:
    """Mixed into a viewset: its list, for the one row that the address names.

    /api/campaigns/7/groups/ lists what /api/groups/?campaign=7 does, and is 404 where there is no
    such campaign for the user. Its route is `….as_view({"get": "list"})`, with `<int:id>`.
    """

    parent: type[Model]
    parent_filter: str  # the filter of the flat list that stands for the address

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "id", int, OpenApiParameter.PATH, description="Of what they belong to."
            )
        ]
    )
    def list(self, request, *args, **kwargs):
        self.parent_id = self.find_parent()
        return super().list(request, *args, **kwargs)

    def options(self, request, *args, **kwargs):
        """404 where the list is."""
        self.find_parent()
        return super().options(request, *args, **kwargs)

    def find_parent(self) -> int:
        parents = self.parent.objects.of(self.request.user)
        return get_object_or_404(parents.values_list("pk", flat=True), pk=self.kwargs["id"])

    def get_queryset(self):
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        return self.rows_of_parent(rows)

    def rows_of_parent(self, rows):
        return self.filterset_class.base_filters[self.parent_filter].filter(rows, self.parent_id)
