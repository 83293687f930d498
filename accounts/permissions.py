from rest_framework.permissions import SAFE_METHODS, IsAuthenticated

from accounts.models import Membership

Role = Membership.Role
MAY_READ = (Role.VIEWER, Role.EDITOR, Role.MANAGER)
MAY_WRITE = (Role.EDITOR, Role.MANAGER)
MAY_MANAGE = (Role.MANAGER,)


def roles_for(request, view) -> tuple[str, ...]:
    """Who may do this: by the HTTP method, unless the view names the action.

    `manager_actions`: what only managers do. `read_actions`: a POST that changes nothing.
    """
    action = getattr(view, "action", None)
    if action in getattr(view, "manager_actions", ()) or request.method == "DELETE":
        return MAY_MANAGE
    if action in getattr(view, "read_actions", ()) or request.method in SAFE_METHODS:
        return MAY_READ
    return MAY_WRITE


class TeamRole(IsAuthenticated):
    """Members read what belongs to their team, editors also write, managers also delete.

    Rows of other teams never come this far: `TeamScoped` doesn't find them. Superusers may do
    everything.
    """

    def has_object_permission(self, request, view, row):
        roles = roles_for(request, view)
        # Whoever sees a row has some role: nothing to look up.
        if roles == MAY_READ or request.user.is_superuser:
            return True
        if request.user.has_role(view.team_of(row), roles):
            return True
        self.message = f"In the team that this belongs to, you would have to be {roles[0]}."
        return False


class WrittenByPeople(IsAuthenticated):
    """Who belongs to a team and what opens it is for people to say. API keys may look."""

    message = "An API key can't do this. Log in and do it as a person."
    code = "people_only"

    def has_permission(self, request, view):
        signed_in = super().has_permission(request, view)
        return signed_in and (request.method in SAFE_METHODS or request.user.is_person)


class StaffPermission(IsAuthenticated):
    """What belongs to no team is for staff, by the same permissions as in the admin.

    The view's `needed` names them: action → permission. An API key acts for its team, so that
    none of these is for it.
    """

    def has_permission(self, request, view):
        if not super().has_permission(request, view):
            return False
        needed = view.needed.get(view.action)
        if needed is None or may(request.user, needed):  # without an action, there is a 405 to come
            return True
        self.message = f"This is for staff whose account has the permission {needed}."
        return False


def may(principal, permission: str) -> bool:
    is_staff = principal.is_superuser or principal.is_staff
    return is_staff and principal.has_perm(permission)
