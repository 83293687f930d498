from accounts.scoped_admin import BigTableAdmin, ReadOnlyAdmin
from tracking.models.page_view import fingerprint


class NamedAdmin(ReadOnlyAdmin, BigTableAdmin):
    """Rows that are found by the fingerprint of a name, by a whole name only. They belong to no
    team: whoever of the staff may see them sees all."""

    list_per_page = 50

    def scope(self, rows, user):
        return rows

    def get_search_results(self, request, queryset, search_term):
        if not search_term:
            return queryset, False
        return queryset.filter(fingerprint=fingerprint(search_term)), False
