from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.admin.managed import ManagedAdmin
from accounts.scoped_admin import NamelessHistory


class RevocationAdmin(NamelessHistory, ManagedAdmin):
    """For what lets somebody in: it can be revoked, and neither changed nor deleted, so that one
    can tell later what it was."""

    actions = ["revoke"]

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def has_revoke_permission(self, request):
        """Who may delete rows like these, as far as Django's permissions go, may revoke them."""
        return super().has_delete_permission(request)

    @admin.action(permissions=["revoke"], description="Revoke selected %(verbose_name_plural)s")
    @transaction.atomic
    def revoke(self, request, queryset):
        if not all(self.may_manage(request, row) for row in queryset):
            raise PermissionDenied
        for row in queryset:
            row.revoke()
            self.log_change(request, row, "Revoked.")
        self.message_user(request, f"Revoked: {', '.join(map(str, queryset))}.")
