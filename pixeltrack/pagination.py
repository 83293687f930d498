from rest_framework import pagination


class CursorPagination(pagination.CursorPagination):
    """Newest first; a page costs the same at any depth, and no list counts its rows."""

    ordering = "-pk"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 1000
