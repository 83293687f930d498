"""Whoever makes a request: a `User`, or an API key. `request.user` is one or the other.

Rows are scoped (`.of(principal)`) and roles are checked (`TeamRole`) by what `Principal` names,
and by nothing else. For a record of who did something, keep `get_username()`; to know the same one
again, `identity()`. The `pk` of a key's principal is None.
"""

from collections.abc import Iterable
from typing import Protocol

from accounts.models import ApiKey, Team


class Principal(Protocol):
    is_superuser: bool  # sees and does everything
    is_staff: bool  # may enter the admin; has `has_perm()` then
    is_person: bool  # people make teams, members, invitations and keys; keys don't

    def get_username(self) -> str:
        """Who it is, unique at this moment, in at most 150 characters."""

    def identity(self) -> str:
        """Who it is, for ever: names may change, and go to others."""

    def team_ids(self, *roles: str) -> Iterable[int]:
        """For `pk__in`: the teams where it has one of these roles; or any role."""

    def team_roles(self) -> Iterable[tuple[int, str]]:
        """All of its teams, each with its role there."""

    def has_role(self, team: Team, roles: Iterable[str]) -> bool:
        """Whether it has one of these roles in the team. A superuser has them all."""

    def default_team(self) -> Team:
        """Where a campaign goes unless one says."""


class ApiKeyPrincipal:
    """A server with an API key: one team, one role."""

    pk = id = None
    is_authenticated = is_active = True
    is_anonymous = is_staff = is_superuser = is_person = False

    def __init__(self, key: ApiKey):
        self.key = key

    def __str__(self):
        return self.get_username()

    def get_username(self) -> str:
        """With a space, which no user's name has."""
        return f"key {self.key}"

    def identity(self):
        return f"ApiKey:{self.key.pk}"

    def team_ids(self, *roles):
        return [self.key.team_id] if not roles or self.key.role in roles else []

    def team_roles(self):
        return [(self.key.team_id, self.key.role)]

    def has_role(self, team, roles):
        return team.pk == self.key.team_id and self.key.role in roles

    def default_team(self):
        return self.key.team
