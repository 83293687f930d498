from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import Count
from django.forms import BaseInlineFormSet

from accounts.admin.managed import ManagedAdmin, manages
from accounts.forms import NamedForm
from accounts.models import Membership, Team
from accounts.scoped_admin import RemovesByVerb, ScopedInline


class UserSelect(AutocompleteSelect):
    """Where a user is chosen already, it knows whom, and needn't ask for each member of a team."""

    chosen = None

    def optgroups(self, name, value, attr=None):
        if self.chosen is None or [str(self.chosen.pk)] != [str(each) for each in value]:
            return super().optgroups(name, value, attr)
        option = self.create_option(name, self.chosen.pk, str(self.chosen), selected=True, index=0)
        return [(None, [option], 0)]


class MembershipFormSet(BaseInlineFormSet):
    def add_fields(self, form, index):
        super().add_fields(form, index)
        if form.instance.pk and "user" in form.fields:
            form.fields["user"].widget.widget.chosen = form.instance.user  # within a wrapper


class MembershipInline(ScopedInline):
    model = Membership
    formset = MembershipFormSet
    autocomplete_fields = ["user"]
    fields = ["user", "role"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("team", "user")  # each row names them

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "user":
            kwargs["widget"] = UserSelect(db_field, self.admin_site, using=kwargs.get("using"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_add_permission(self, request, team):
        return super().has_add_permission(request, team) and self.may_manage(request, team)

    def has_change_permission(self, request, team=None):
        return super().has_change_permission(request, team) and self.may_manage(request, team)

    def has_delete_permission(self, request, team=None):
        return super().has_delete_permission(request, team) and self.may_manage(request, team)

    def may_manage(self, request, team) -> bool:
        return not team or manages(request.user, team.pk)


@admin.register(Team)
class TeamAdmin(RemovesByVerb, ManagedAdmin):
    team_path = "pk"
    form = NamedForm
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

    def get_deleted_objects(self, objs, request):
        """Keys and invitations go with their team, though nobody may delete them alone."""
        found, numbers, lacking, protected = super().get_deleted_objects(objs, request)
        asked_for = {str(model._meta.verbose_name) for model in (Team, Membership)}
        return found, numbers, {str(name) for name in lacking} & asked_for, protected

    def save_related(self, request, form, formsets, change):
        """Whoever makes a team is in it; they couldn't see it otherwise. LastManager, OwnTeam."""
        team = Team.objects.lock(form.instance.pk)
        super().save_related(request, form, formsets, change)
        if not change and not request.user.is_superuser:
            team.memberships.get_or_create(
                user=request.user, defaults={"role": Membership.Role.MANAGER}
            )
        team.refuse_without_managers()


@admin.register(Membership)
class MembershipAdmin(RemovesByVerb, ManagedAdmin):
    """Nobody raises their own role: memberships are for the managers of their team."""

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

    def save_model(self, request, obj, form, change):
        if change:
            obj.change_role(obj.role)
        else:
            super().save_model(request, obj, form, change)
