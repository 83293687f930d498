from accounts.models import Team
from accounts.permissions import MAY_MANAGE
from accounts.scoped_admin import ScopedAdmin


class ManagedAdmin(ScopedAdmin):
    """For rows that say what opens a team: the team's managers, and superusers, change them."""

    team_path = "team_id"
    change_roles = MAY_MANAGE

    def may_manage(self, request, row) -> bool:
        return self.has_role(request, row, MAY_MANAGE)


def manages(user, team_id: int) -> bool:
    return Team.objects.managed_by(user).filter(pk=team_id).exists()
