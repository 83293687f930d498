"""Every route of the URL map, with every method, for every caller: is it as table.py says?

Each cell is a real request with a body that would do, and is undone afterwards.
"""

import re

import pytest
from django.db import transaction

from accounts.permissions import TeamRole
from accounts.scope import TeamScoped
from pixeltrack.tests.matrix import Asked, Unlisted, is_problem, rules
from pixeltrack.tests.routes import METHODS, admin_routes, routes
from pixeltrack.tests.table import ROUTES
from pixeltrack.tests.world import CANARY, World

pytestmark = pytest.mark.django_db
ADDRESSES = sorted({route.address for route in routes()})
OURS = ("accounts_", "campaigns_", "tracking_")
# What a refusal may note: that a key was used. It changes nobody's rows.
NOTE = "UPDATE `accounts_apikey` SET `last_used_at` = "


def changes(queries) -> list[str]:
    """The statements that write to a table of ours."""
    statements = [query["sql"].replace('"', "`") for query in queries]
    writes = [text for text in statements if text.startswith(("INSERT", "UPDATE", "DELETE"))]
    return [
        text for text in writes if text.split("`")[1].startswith(OURS) and not text.startswith(NOTE)
    ]


def wrong(asked: Asked) -> str | None:
    """What is wrong with this answer, if anything."""
    if asked.outcome not in asked.expected():
        return f"not {' or '.join(map(str, asked.expected()))}, but {asked.outcome}"
    if asked.outcome == "yes":
        return None
    refused = asked.address.startswith("/api/") and asked.outcome != "rows"
    if refused and not is_problem(asked.response, asked.content):
        return "a refusal that is no problem+json"
    if written := changes(asked.queries):
        return f"a refusal that writes: {written[0]}"
    if asked.caller.role in ("anonymous", "stranger") and CANARY.encode() in asked.content:
        return "a refusal that tells of another team's rows"
    return None


def mistakes(address: str, world: World) -> list[str]:
    """Each cell of the route that isn't as the table says."""
    found = []
    for caller in world.callers_of(address):
        for method in METHODS:
            with transaction.atomic():
                asked = Asked(caller, method, address, world)
                if what := wrong(asked):
                    found.append(f"{asked}\n    {what}")
                transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_route_answers_as_the_table_says(world, address):
    found = mistakes(address, world)
    assert not found, "\n" + "\n".join(found)


def test_the_table_lists_the_url_map_and_nothing_else():
    unlisted = sorted(set(ADDRESSES) - ROUTES.keys())
    gone = sorted(ROUTES.keys() - set(ADDRESSES))
    assert not unlisted, f"Add a line to ROUTES in pixeltrack/tests/table.py for {unlisted}"
    assert not gone, f"No route is there for these lines of ROUTES: {gone}"


def test_a_route_that_nobody_listed_is_refused_with_what_to_do():
    with pytest.raises(Unlisted, match=r"/api/new/ is in the URL map.*add a line to ROUTES"):
        rules("/api/new/")


def test_every_page_of_the_admin_sends_all_but_staff_to_log_in(world):
    addresses = {route.address for route in admin_routes()}
    # The words of the login page, and the way out.
    open_to_all = {"/admin/login/", "/admin/jsi18n/", "/admin/logout/"}
    assert len(addresses - open_to_all) > 40
    for address in sorted(addresses - open_to_all):
        for caller in world.strangers_to_the_admin():
            response = caller.ask("GET", re.sub(r"<\w+>", "1", address))
            assert response.status_code == 302, (address, caller.name, response.status_code)
            assert response["Location"].startswith("/admin/login/"), (address, caller.name)


# -- The matrix itself can fail ----------------------------------------------------------------
def test_a_role_that_may_do_more_than_the_table_says_is_found(world, monkeypatch):
    monkeypatch.setattr(TeamRole, "has_object_permission", lambda *arguments: True)
    found = "\n".join(mistakes("/api/groups/<pk>/", world))
    for cell in ("PUT", "PATCH", "DELETE"):
        assert f"{cell} /api/groups/<pk>/ as viewer: 20" in found
    assert "DELETE /api/groups/<pk>/ as editor: 202" in found


def test_rows_of_another_team_that_are_there_are_found(world, monkeypatch):
    monkeypatch.setattr(TeamScoped, "get_queryset", lambda view: view.queryset.all())
    found = "\n".join(mistakes("/api/contacts/<pk>/", world))
    assert "GET /api/contacts/<pk>/ as stranger: 200" in found
    assert "DELETE /api/contacts/<pk>/ as stranger: 403" in found


def test_a_route_that_is_open_to_all_is_found(world, monkeypatch):
    monkeypatch.setattr(TeamScoped, "permission_classes", [])
    assert "as anonymous" in "\n".join(mistakes("/api/campaigns/", world))
