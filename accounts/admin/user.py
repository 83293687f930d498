from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.forms import AdminPasswordChangeForm

from accounts.models import Membership, Team, TokenFamily, User
from accounts.scoped_admin import ScopedAdmin


class UserPasswordForm(AdminPasswordChangeForm):
    """May take the password away as well, and Django tells nobody (see password.py) of that."""

    def save(self, commit=True):
        user = super().save(commit)
        TokenFamily.objects.end_all_of(user)
        return user


@admin.register(User)
class UserAdmin(ScopedAdmin, auth_admin.UserAdmin):
    """Superusers only make and change users: whoever changes one could sign in as that one."""

    list_display = ["username", "email", "full_name", "is_staff", "is_active", "last_login"]
    list_filter = ["is_staff", "is_superuser", "is_active"]
    date_hierarchy = None
    change_password_form = UserPasswordForm
    readonly_fields = ["last_login", "date_joined"]
    add_fieldsets = [
        (
            None,
            {
                "classes": ["wide"],
                "fields": ["username", "email", "usable_password", "password1", "password2"],
            },
        )
    ]

    @admin.display(description="name")
    def full_name(self, user):
        return user.get_full_name()

    def scope(self, rows, user):
        """The people that one shares a team with."""
        if user.is_superuser:
            return rows
        in_my_teams = Membership.objects.filter(team__in=Team.objects.of(user))
        return rows.filter(pk__in=in_my_teams.values("user")) | rows.filter(pk=user.pk)

    def has_add_permission(self, request):
        return request.user.is_superuser and super().has_add_permission(request)

    def has_change_permission(self, request, obj=None):
        return request.user.is_superuser and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return request.user.is_superuser and super().has_delete_permission(request, obj)

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        obj.ensure_own_team()
        if not obj.is_active:  # or the old logins would hold again once the user is active again
            TokenFamily.objects.end_all_of(obj)
