"""A list takes as many queries for many rows as for few: every one that the URL map has."""

from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.api import ContactViewSet
from campaigns.models import Contact
from pixeltrack.tests.matrix import fill, rules
from pixeltrack.tests.routes import api_routes

pytestmark = pytest.mark.django_db
JSON, PAGE = "application/json", "text/html"
NO_PAGES = ["/api/campaigns/<pk>/statistics/"]  # it refuses what it doesn't know


def ask(world, route, accept):
    # As many as any page holds: what is found is all that there is.
    size = "" if route.address in NO_PAGES else "page_size=1000"
    permitted = rules(route.address)["GET"] == "permitted"
    return world.caller("superuser" if permitted else "manager").ask(
        "GET", fill(route.address, world), QUERY_STRING=size, HTTP_ACCEPT=accept
    )


def readable_routes():
    return [route for route in api_routes() if "GET" in route.methods()]


def cost(world, route, accept) -> tuple[int, list[str]]:
    with CaptureQueriesContext(connection) as captured:
        assert ask(world, route, accept).status_code == 200, route
    return len(captured), [query["sql"] for query in captured]


def rows_in(world, route) -> list | None:
    """The rows of a list; None where the answer is no list."""
    response = ask(world, route, JSON)
    assert response.status_code == 200, (route, response.status_code)
    if response.streaming or not response["Content-Type"].startswith(JSON):
        return None
    answer = response.json()
    return answer.get("results") if isinstance(answer, dict) else answer


def measure(world, route, accept) -> tuple[int, int, list[str]] | None:
    """Of a list: how many rows, how many queries, and which; None of what is no list."""
    rows = rows_in(world, route)
    if rows is None:
        return None
    if accept != JSON:  # what is read once and remembered is read now
        ask(world, route, accept)
    return len(rows), *cost(world, route, accept)


def assert_it_costs_the_same(route, accept, few, many):
    assert many[0] > few[0], f"{route}: let World.grow() in tests/world.py make more such rows"
    assert many[1] == few[1], f"{route} as {accept}:\n" + "\n".join(many[2])
    assert not any("COUNT(" in statement for statement in many[2]), route


@pytest.fixture(scope="module")
def before(world) -> dict:
    """(address, type) → what it cost before the world has grown."""
    asked = list(product(readable_routes(), (JSON, PAGE)))
    measured = {(each.address, accept): measure(world, each, accept) for each, accept in asked}
    world.grow()
    return measured


@pytest.mark.parametrize("accept", [JSON, PAGE])
@pytest.mark.parametrize("route", readable_routes(), ids=str)
def test_a_list_takes_the_same_queries_for_more_rows_and_counts_none(world, before, route, accept):
    assert "GET" in rules(route.address)
    few, many = before[route.address, accept], measure(world, route, accept)
    has_rows = getattr(route.view, "actions", {}).get("get") == "list"
    assert bool(many) == has_rows, f"{route} answers with no results, or nobody said that it lists"
    if many:
        assert_it_costs_the_same(route, accept, few, many)


def test_a_query_for_each_row_is_found(world, monkeypatch):
    """Without the prefetch, each contact reads its pixels."""
    monkeypatch.setattr(ContactViewSet, "queryset", Contact.objects.all())
    [route] = [route for route in readable_routes() if route.address == "/api/contacts/"]
    few = measure(world, route, JSON)
    world.grow()
    many = measure(world, route, JSON)
    with pytest.raises(AssertionError, match="/api/contacts/ as application/json"):
        assert_it_costs_the_same(route, JSON, few, many)
