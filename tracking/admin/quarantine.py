from django.contrib import admin, messages

from accounts.scoped_admin import BigTableAdmin, ReadOnlyAdmin
from tracking.models import QuarantinedHit
from tracking.settle import replay

REPLAYED_AT_ONCE = 1_000  # each is a transaction


@admin.register(QuarantinedHit)
class QuarantinedHitAdmin(ReadOnlyAdmin, BigTableAdmin):
    """For superusers: whose campaign such a hit belongs to is not known."""

    list_display = ["event_id", "reason", "quarantined_at"]
    actions = ["replay_selected"]

    def scope(self, rows, user):
        return rows if user.is_superuser else rows.none()

    def has_delete_permission(self, request, obj=None):
        return request.user.is_superuser  # for what will never be a hit

    def has_replay_permission(self, request):
        return request.user.is_superuser

    @admin.action(description="Replay selected hits", permissions=["replay"])
    def replay_selected(self, request, queryset):
        """Record them after all; what still can't be recorded stays."""
        hits = queryset.order_by("pk")[:REPLAYED_AT_ONCE]
        replayed = [replay(hit) is not None for hit in hits]
        if any(replayed):
            self.message_user(request, f"{sum(replayed)} replayed.", messages.SUCCESS)
        if not all(replayed):
            failed = len(replayed) - sum(replayed)
            text = f"{failed} kept, which still can't be recorded."
            self.message_user(request, text, messages.WARNING)
        if len(replayed) == REPLAYED_AT_ONCE:
            text = f"{REPLAYED_AT_ONCE:,} at a time: replay the rest next."
            self.message_user(request, text, messages.INFO)
