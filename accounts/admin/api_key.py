from django.contrib import admin, messages

from accounts.admin.revocation import RevocationAdmin
from accounts.models import ApiKey


@admin.register(ApiKey)
class ApiKeyAdmin(RevocationAdmin):
    """A new key is shown once, above the list. A revoked one stays there, and opens nothing."""

    list_display = ["name", "prefix", "team", "role", "made_by", "last_used_at", "expires_at"]
    list_display += ["revoked_at"]
    list_select_related = ["team"]
    list_filter = ["role", ("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "prefix", "team__name"]
    ordering = ["-pk"]

    def get_fields(self, request, obj=None):
        return self.list_display if obj else ["team", "name", "role", "expires_at"]

    def save_model(self, request, obj, form, change):
        obj.made_by = request.user.get_username()
        obj.draw_secret()
        super().save_model(request, obj, form, change)
        self.message_user(
            request, f"Copy the key now, it is shown this once: {obj.key}", messages.WARNING
        )
