from django.contrib import admin

from accounts.admin.revocation import RevocationAdmin
from accounts.models import Invitation


@admin.register(Invitation)
class InvitationAdmin(RevocationAdmin):
    """Invitations are made in the API, which tells the token to whoever invites."""

    list_display = ["email", "team", "role", "status", "invited_by", "created_at", "expires_at"]
    list_select_related = ["team"]
    list_filter = ["role"]
    search_fields = ["email", "team__name"]
    ordering = ["-pk"]

    def has_add_permission(self, request):
        return False
