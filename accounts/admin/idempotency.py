from django.contrib import admin

from accounts.models import IdempotentRequest
from accounts.paginator import BoundedPaginator
from accounts.scoped_admin import ReadOnlyAdmin


@admin.register(IdempotentRequest)
class IdempotentRequestAdmin(ReadOnlyAdmin):
    """For superusers: it belongs to no team, and says when and how, not who or what."""

    list_display = ["id", "status", "leased_until", "expires_at"]
    fields = ["status", "leased_until", "expires_at"]
    ordering = ["-pk"]
    paginator = BoundedPaginator
    show_full_result_count = False

    def has_view_permission(self, request, obj=None):
        return request.user.is_superuser
