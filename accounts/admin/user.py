from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Membership, Team, TokenFamily, User
from accounts.scoped_admin import ScopedAdmin
from accounts.two_factor.device import device_of, turn_off

admin.site.unregister([StaticDevice, TOTPDevice])  # their pages show secrets


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

    # -- Two-factor login of who has lost their phone ----------------------------------------------
    def get_urls(self):
        view = self.admin_site.admin_view(self.reset_two_factor_view)
        name = "accounts_user_reset_two_factor"
        return [path("<int:user_id>/reset-two-factor/", view, name=name), *super().get_urls()]

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        may = obj and self.has_change_permission(request, obj)
        context["may_reset_two_factor"] = bool(may and device_of(obj))
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def reset_two_factor_view(self, request, user_id):
        person = self.get_object(request, str(user_id))
        if person is None:
            raise Http404
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        if request.method == "POST":
            turn_off(person)
            self.log_change(request, person, "Two-factor login reset.")
            self.message_user(request, "The two-factor login is off.", messages.SUCCESS)
            return HttpResponseRedirect(self.page_of(person.pk))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Reset the two-factor login?",
            "person": person,
        }
        return TemplateResponse(request, "admin/accounts/user/reset_two_factor.html", context)
