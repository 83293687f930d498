from rest_framework.permissions import SAFE_METHODS, IsAuthenticated

from accounts.models import Membership

Role = Membership.Role
MAY_WRITE = (Role.EDITOR, Role.MANAGER)
MAY_DELETE = (Role.MANAGER,)


class TeamRole(IsAuthenticated):
    """Members read what belongs to their team, editors also write, managers also delete.

    A view's `manager_actions` are for managers, whatever their method.

    Rows of other teams never come this far: `TeamScoped` doesn't find them. Superusers may do
    everything.
    """

    def has_object_permission(self, request, view, row):
        if request.method in SAFE_METHODS or request.user.is_superuser:
            return True
        for_managers = getattr(view, "action", None) in getattr(view, "manager_actions", ())
        roles = MAY_DELETE if request.method == "DELETE" or for_managers else MAY_WRITE
        team = view.team_of(row)
        if Membership.objects.filter(user=request.user, team=team, role__in=roles).exists():
            return True
        self.message = f"In the team that this belongs to, you would have to be {roles[0]}."
        return False
