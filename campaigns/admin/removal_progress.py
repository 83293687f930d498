from django.contrib import admin

from accounts.scoped_admin import ReadOnlyAdmin, ScopedAdmin
from campaigns.models import Removal


@admin.register(Removal)
class RemovalProgressAdmin(ReadOnlyAdmin, ScopedAdmin):
    """What is on its way out, and how far it has come."""

    list_display = ["name", "kind", "team", "state", "progress", "requested_by", "requested_at"]
    list_select_related = ["team"]
    list_filter = ["state", "kind"]
    list_per_page = 50
    ordering = ["-pk"]
    search_fields = ["name"]
    fields = ["name", "kind", "team", "state", "progress", "contacts", "openings"]
    fields += ["requested_by", "requested_at", "finished_at"]

    @admin.display(description="progress")
    def progress(self, removal):
        return f"{removal.percent} %"

    @admin.display(description="contacts")
    def contacts(self, removal):
        return removed_of(removal.contacts_removed, removal.contacts_total)

    @admin.display(description="openings")
    def openings(self, removal):
        return removed_of(removal.openings_removed, removal.openings_total)


def removed_of(removed: int, total: int | None) -> str:
    return "not counted yet" if total is None else f"{removed:,} of {total:,} removed"
