from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.db.models import Count

from accounts.forms import AdminLoginForm
from accounts.models import Membership, Team, User
from accounts.scoped_admin import ScopedAdmin, ScopedInline

admin.site.site_header = admin.site.site_title = "PixelTrack"
admin.site.site_url = None  # there is no other site to view
admin.site.enable_nav_sidebar = False  # the lists need the room
admin.site.index_title = "Campaigns and who opened them"
admin.site.login_form = AdminLoginForm


@admin.register(User)
class UserAdmin(ScopedAdmin, auth_admin.UserAdmin):
    """Superusers only make and change users: whoever changes one could sign in as that one."""

    list_display = ["username", "email", "full_name", "is_staff", "is_active", "last_login"]
    list_filter = ["is_staff", "is_superuser", "is_active"]
    date_hierarchy = None
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


class MembershipInline(ScopedInline):
    model = Membership
    autocomplete_fields = ["user"]
    fields = ["user", "role"]

    def has_add_permission(self, request, team):
        return super().has_add_permission(request, team) and self.may_manage(request, team)

    def has_change_permission(self, request, team=None):
        return super().has_change_permission(request, team) and self.may_manage(request, team)

    def has_delete_permission(self, request, team=None):
        return super().has_delete_permission(request, team) and self.may_manage(request, team)

    def may_manage(self, request, team) -> bool:
        return not team or Team.objects.managed_by(request.user).filter(pk=team.pk).exists()


@admin.register(Team)
class TeamAdmin(ScopedAdmin):
    list_display = ["name", "owner", "size", "created_at"]
    list_select_related = ["owner"]
    search_fields = ["name", "owner__username", "owner__email"]
    ordering = ["name", "pk"]
    readonly_fields = ["owner", "created_at"]
    inlines = [MembershipInline]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(size=Count("memberships"))

    @admin.display(description="members", ordering="size")
    def size(self, team):
        return team.size

    def get_fields(self, request, obj=None):
        return ["name", "owner", "created_at"] if obj else ["name"]

    def save_related(self, request, form, formsets, change):
        """Whoever makes a team is in it; they couldn't see it otherwise."""
        super().save_related(request, form, formsets, change)
        if not change and not request.user.is_superuser:
            form.instance.memberships.get_or_create(
                user=request.user, defaults={"role": Membership.Role.MANAGER}
            )


@admin.register(Membership)
class MembershipAdmin(ScopedAdmin):
    list_display = ["user", "team", "role", "created_at"]
    list_select_related = ["user", "team"]
    list_filter = ["role"]
    search_fields = ["user__username", "user__email", "team__name"]
    ordering = ["-pk"]
    autocomplete_fields = ["team", "user"]
    settled_fields = ["team", "user"]
    fields = ["team", "user", "role"]

    def scope(self, rows, user):
        return rows.filter(team__in=Team.objects.of(user))

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and may_manage(request, obj)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and may_manage(request, obj)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "team":
            field.queryset = field.queryset.filter(pk__in=Team.objects.managed_by(request.user))
        return field


def may_manage(request, membership) -> bool:
    """Nobody raises their own role: memberships are for the managers of their team."""
    if membership is None:
        return True
    return Team.objects.managed_by(request.user).filter(pk=membership.team_id).exists()
