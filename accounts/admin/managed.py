from operator import attrgetter

from accounts.models import Team
from accounts.scoped_admin import ScopedAdmin


class ManagedAdmin(ScopedAdmin):
    """For rows that say what opens a team: the team's managers, and superusers, change them."""

    team_path = "team_id"  # from a row to the id of its team

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and self.may_manage(request, obj)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and self.may_manage(request, obj)

    def may_manage(self, request, row) -> bool:
        return row is None or manages(request.user, attrgetter(self.team_path)(row))

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "team":
            field.queryset = field.queryset.filter(pk__in=Team.objects.managed_by(request.user))
        return field


def manages(user, team_id: int) -> bool:
    return Team.objects.managed_by(user).filter(pk=team_id).exists()
