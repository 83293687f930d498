from django.contrib import admin

from accounts.models import IdempotentRequest
from accounts.scoped_admin import BigTableAdmin, ReadOnlyAdmin


@admin.register(IdempotentRequest)
class IdempotentRequestAdmin(ReadOnlyAdmin, BigTableAdmin):
    """For superusers: it belongs to no team, and says when and how, not who or what."""

    list_display = ["id", "status", "leased_until", "expires_at"]
    fields = ["status", "leased_until", "expires_at"]

    def scope(self, rows, user):
        return rows if user.is_superuser else rows.none()
