"""How a view says who may do what (see `roles_for`)."""

from types import SimpleNamespace

import pytest

from accounts.permissions import MAY_MANAGE, MAY_READ, MAY_WRITE, TeamRole, roles_for
from accounts.tests.people import make_member, make_user

METHODS = {"GET": MAY_READ, "HEAD": MAY_READ, "OPTIONS": MAY_READ, "POST": MAY_WRITE,
           "PUT": MAY_WRITE, "PATCH": MAY_WRITE, "DELETE": MAY_MANAGE}  # fmt: skip


def view(action=None, **hooks):
    return SimpleNamespace(action=action, team_of=lambda team: team, **hooks)


def asked(method, user=None):
    return SimpleNamespace(method=method, user=user)


@pytest.mark.parametrize("method", METHODS)
def test_the_method_says_who_unless_the_view_does(method):
    assert roles_for(asked(method), object()) == METHODS[method]
    assert roles_for(asked(method), view("list", manager_actions=("erase",))) == METHODS[method]
    assert roles_for(asked(method), view("erase", manager_actions=("erase",))) == MAY_MANAGE


def test_a_post_may_only_read():
    render = view("render", read_actions=("render",))
    assert roles_for(asked("POST"), render) == MAY_READ
    assert roles_for(asked("DELETE"), render) == MAY_MANAGE


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["viewer", "editor", "manager"])
def test_an_action_for_managers_is_refused_to_others(role):
    team = make_user().own_team
    member, permission = make_member(team, role), TeamRole()
    for hooks, allowed in (
        ({"manager_actions": ("act",)}, role == "manager"),
        ({"read_actions": ("act",)}, True),
        ({}, role != "viewer"),
    ):
        request = asked("POST", member)
        assert permission.has_object_permission(request, view("act", **hooks), team) == allowed
