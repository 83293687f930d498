from django.contrib import admin

from accounts.admin.managed import ManagedAdmin


class RevocationAdmin(ManagedAdmin):
    """For what lets somebody in: it can be revoked, and not be changed."""

    actions = ["revoke"]

    def has_change_permission(self, request, obj=None):
        return False

    def has_revoke_permission(self, request):
        return self.has_delete_permission(request)

    @admin.action(permissions=["revoke"], description="Revoke selected %(verbose_name_plural)s")
    def revoke(self, request, queryset):
        """The list has the rows of teams that one manages, and no others."""
        for row in queryset:
            row.revoke()
        self.message_user(request, f"Revoked: {', '.join(map(str, queryset))}.")
