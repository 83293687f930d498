"""How lists are searched, ordered and cut. None of them counts its rows."""

from datetime import UTC, datetime

from django.core.exceptions import ValidationError as InvalidValue
from rest_framework import filters, pagination
from rest_framework.exceptions import NotFound, ValidationError

from accounts.paginator import rows_between

SEARCH_LENGTH = 200  # SQLite refuses patterns and expressions that are very much longer


class CursorPagination(pagination.CursorPagination):
    """Newest first. A page by id costs the same at any depth.

    REST framework's own cursor remembers one value and, among rows that share it, an offset of
    at most 1,000: a million contacts scheduled for one moment would never end. This one
    remembers the value and the row's id, so that it always stands at one row.
    """

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 1000

    def paginate_queryset(self, queryset, request, view=None):
        self.request = request
        self.base_url = request.build_absolute_uri()
        self.page_size = self.get_page_size(request)
        self.ordering = self.get_ordering(request, queryset, view)[0]
        self.field = queryset.model._meta.get_field(self.ordering.lstrip("-"))
        self.cursor = self.decode_cursor(request)
        backwards = bool(self.cursor and self.cursor.reverse)
        found = self.rows_from_cursor(queryset, backwards)
        rows = list(rows_between(found, 0, self.page_size + 1))
        self.page, more = rows[: self.page_size], len(rows) > self.page_size
        if backwards:
            self.page.reverse()
        came_from = bool(self.cursor and self.page)
        self.has_next, self.has_previous = (came_from, more) if backwards else (more, came_from)
        self.display_page_controls = self.has_next or self.has_previous
        return self.page

    def rows_from_cursor(self, queryset, backwards):
        name = self.field.name
        descending = self.ordering.startswith("-") != backwards
        sign, side = ("-", "lt") if descending else ("", "gt")
        if self.cursor:
            value, pk = self.cursor.position
            passed = {name: value, "pk__gte" if descending else "pk__lte": pk}
            queryset = queryset.filter(**{f"{name}__{side}e": value}).exclude(**passed)
        return queryset.order_by(f"{sign}{name}", f"{sign}pk")

    def decode_cursor(self, request):
        if not request.query_params.get(self.cursor_query_param):
            return None
        cursor = super().decode_cursor(request)
        text, _, pk = (cursor.position or "").rpartition("|")
        try:
            value = self.field.to_python(text)
            if isinstance(value, datetime):
                value = value.astimezone(UTC)
            return cursor._replace(position=(value, int(pk)))
        except (InvalidValue, OverflowError, ValueError):
            raise NotFound(self.invalid_cursor_message) from None

    def get_next_link(self):
        return self.link_from(self.page[-1], reverse=False) if self.has_next else None

    def get_previous_link(self):
        return self.link_from(self.page[0], reverse=True) if self.has_previous else None

    def link_from(self, row, reverse):
        position = f"{self.field.value_to_string(row)}|{row.pk}"
        return self.encode_cursor(pagination.Cursor(offset=0, reverse=reverse, position=position))


class Ordering(filters.OrderingFilter):
    """By one field of those that the view allows. They must not be nullable (see the cursor)."""

    def remove_invalid_fields(self, queryset, fields, view, request):
        if len(fields) != 1 or not super().remove_invalid_fields(queryset, fields, view, request):
            allowed = ", ".join(view.ordering_fields)
            raise ValidationError(
                {self.ordering_param: f"Order by one of {allowed}; put - before it to reverse it."}
            )
        return fields

    def get_schema_operation_parameters(self, view):
        (parameter,) = super().get_schema_operation_parameters(view)
        fields = getattr(view, "ordering_fields", ())
        parameter["schema"]["enum"] = [sign + field for field in fields for sign in ("", "-")]
        return [parameter]


class Search(filters.SearchFilter):
    def get_search_terms(self, request):
        if len(request.query_params.get(self.search_param, "")) > SEARCH_LENGTH:
            raise ValidationError(
                {self.search_param: f"Search for at most {SEARCH_LENGTH} characters."}
            )
        return super().get_search_terms(request)

    def get_schema_operation_parameters(self, view):
        searched = getattr(view, "search_fields", None)
        return super().get_schema_operation_parameters(view) if searched else []
