"""Ids of another team's rows, wherever a request can name one: they are as good as no ids."""

import json
from operator import attrgetter
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django_filters import BooleanFilter
from rest_framework import serializers

from accounts.filters import MomentFilter
from accounts.scope import ScopedField
from campaigns.api import CampaignViewSet
from campaigns.filters import ContactFilterSet, IdFilter
from campaigns.models import ErasedAddress
from pixeltrack.tests.ids import at, places, put
from pixeltrack.tests.matrix import BODIES, Rule, body_for, fill, rules
from pixeltrack.tests.routes import api_routes
from pixeltrack.tests.world import CANARY, ERASED
from pixeltrack.tests.written import nested, serializer_for, serializers_for, writes

pytestmark = pytest.mark.django_db
NOBODY = 7_000_000_000_000_000_007  # the id of no row


def answer(caller, method, address, body=None) -> tuple[int, bytes]:
    with transaction.atomic():
        response = caller.ask(method, address, body)
        content = b"".join(response)
        transaction.set_rollback(True)
    return response.status_code, content


def assert_same(theirs, nobodys, pk):
    """The two answers differ by the id that was sent, and in nothing else."""
    assert theirs[0] == nobodys[0]
    assert theirs[1] == nobodys[1].replace(str(NOBODY).encode(), str(pk).encode())
    assert CANARY.encode() not in theirs[1]


def posts_with_ids():
    return [key for key in BODIES if key.startswith("POST /api/") and "/token/" not in key]


@pytest.mark.parametrize("key", posts_with_ids())
def test_a_body_that_names_another_teams_row_is_answered_as_one_that_names_none(world, key):
    method, address = key.split()
    if "<" in address:  # the row that the address names is the one; the matrix asks for it
        address, where = fill(address, world), "address"
        assert answer(world.caller("stranger"), method, address, BODIES[key](world))[0] == 404
        return
    body, stranger = body_for(method, address, world), world.caller("stranger")
    where = list(places(body))
    for path in where:
        theirs = answer(stranger, method, address, body)
        nobodys = answer(stranger, method, address, put(body, path, NOBODY))
        assert_same(theirs, nobodys, at(body, path))
        assert b"does_not_exist" in theirs[1], (key, path, theirs[1])


def related(serializer):
    """Each field that takes in an id, with the serializer that it is in."""
    for each in nested(serializer):
        for name, one in each.fields.items():
            one = getattr(one, "child_relation", one)
            if isinstance(one, serializers.RelatedField) and not one.read_only:
                yield f"{type(each).__name__}.{name}", one


def test_every_field_that_takes_an_id_looks_at_the_callers_rows_only(world):
    fields = {}
    for each_write in writes():
        for serializer in serializers_for(each_write, world.user):
            fields |= dict(related(serializer))
    assert fields.keys() >= {
        "CampaignSerializer.team",
        "PixelSerializer.contact",
        "UploadedImportSerializer.group",
    }
    open_to_all = [name for name, one in fields.items() if not isinstance(one, ScopedField)]
    assert not open_to_all, f"Make these ScopedFields: {open_to_all}"


@pytest.mark.parametrize(
    "route", [route for method, route in writes() if method == "PATCH"], ids=str
)
def test_a_row_can_not_be_moved_to_another_team(world, route):
    """The stranger patches a row of their own with the ids of the team's rows."""
    serializer = serializer_for("PATCH", route, world.people["stranger"])
    mine = world.their_rows.get(route.kind)
    if not serializer or not mine:
        assert not serializer or not list(related(serializer)), f"{route}: add {route.kind} to rows"
        return
    ids = {type(row): row.pk for row in (*world.rows.values(), world.team)}
    for name, one in related(serializer):
        name, pk = name.split(".")[1], ids[one.queryset.model]
        address = fill(route.address, world, pk=mine.pk)
        theirs = answer(world.caller("stranger"), "PATCH", address, {name: pk})
        nobodys = answer(world.caller("stranger"), "PATCH", address, {name: NOBODY})
        assert theirs[0] == 400
        assert b"does_not_exist" in theirs[1]
        assert_same(theirs, nobodys, pk)


def options():
    """Each route and field where the query of a file names a row."""
    for route in api_routes():
        if hasattr(route.view.cls, "option_serializers"):
            for each in route.made_for("GET").option_serializers():
                for name, one in related(each()):
                    yield pytest.param(route, name.split(".")[1], one, id=f"{route}?{name}")


@pytest.mark.parametrize(("route", "name", "one"), list(options()))
def test_a_file_is_asked_for_another_teams_row_as_for_none(world, route, name, one):
    assert isinstance(one, ScopedField)
    address = fill(route.address, world, pk=world.their_rows[route.kind].pk)
    pk, stranger = world.row(name).pk, world.caller("stranger")
    theirs, nobodys = (answer(stranger, "GET", f"{address}?{name}={each}") for each in (pk, NOBODY))
    assert theirs[0] == 400
    assert_same(theirs, nobodys, pk)


# -- Lists and their filters -------------------------------------------------------------------
def lists():
    """The routes that answer with a list of rows, of whatever team."""
    return [
        route
        for route in api_routes()
        if "<" not in route.address and hasattr(route.view.cls, "filter_queryset")
        and "GET" in route.methods() and rules(route.address).get("GET") == "signed-in"
    ]  # fmt: skip


def listed(caller, address, **query) -> list[dict]:
    response = caller.ask("GET", address, QUERY_STRING=urlencode(query))
    assert response.status_code == 200, (address, query, response.content)
    return response.json()["results"]


@pytest.mark.parametrize("route", lists(), ids=str)
def test_a_list_holds_the_rows_of_the_callers_teams_only(world, route):
    assert route.kind in world.rows, f"Add a row of {route.kind} to rows_of() in tests/world.py."
    mine, theirs = world.rows[route.kind].pk, world.their_rows[route.kind].pk
    for role in ("viewer", "editor", "manager"):
        ids = {row["id"] for row in listed(world.caller(role), route.address, page_size=1000)}
        assert (mine in ids) == sees(route, role)
        assert theirs not in ids
    strangers = listed(world.caller("stranger"), route.address, page_size=1000)
    assert mine not in {row["id"] for row in strangers}
    assert theirs in {row["id"] for row in strangers}
    assert CANARY not in json.dumps(strangers)


def sees(route, role) -> bool:
    """Whether the role may read the rows that the list is of."""
    return Rule.read(rules(f"{route.address}<pk>/")["GET"]).allows(role)


def filters_of(route) -> dict:
    filterset = getattr(route.view.cls, "filterset_class", None)
    return filterset.base_filters if filterset else {}


@pytest.mark.parametrize("route", [route for route in lists() if filters_of(route)], ids=str)
def test_a_filter_by_another_teams_row_finds_what_a_filter_by_none_finds(world, route):
    stranger, row = world.caller("stranger"), world.rows[route.kind]
    owned = {type(row)._meta.model_name: row.pk for row in world.rows.values()}
    owned["user"] = world.rows["memberships"].user_id
    for name, one in filters_of(route).items():
        if isinstance(one, IdFilter):
            assert name in owned, f"{route}?{name}=: add a row of that kind to World.rows"
            assert listed(stranger, route.address, **{name: owned[name]}) == []
            assert listed(stranger, route.address, **{name: NOBODY}) == []
            continue
        for value in values_for(one, row, name):
            found = listed(stranger, route.address, **{name: value})
            assert row.pk not in {each["id"] for each in found}
            assert CANARY not in json.dumps(found)


def values_for(one, row, name) -> list:
    """With which the filter would find the row, if it were the caller's."""
    if isinstance(one, MomentFilter):
        return ["2000-01-01T00:00:00Z" if one.lookup_expr == "gte" else "2100-01-01T00:00:00Z"]
    if isinstance(one, BooleanFilter):
        return ["true", "false"]
    if isinstance(row, ErasedAddress):
        return [ERASED]
    return [attrgetter((name if one.method else one.field_name).replace("__", "."))(row)]


# -- The tests themselves can fail -------------------------------------------------------------
def test_rows_of_other_teams_in_a_list_are_found(world, monkeypatch):
    monkeypatch.setattr(CampaignViewSet, "get_queryset", lambda view: view.queryset.all())
    [route] = [route for route in lists() if route.address == "/api/campaigns/"]
    with pytest.raises(AssertionError):
        test_a_list_holds_the_rows_of_the_callers_teams_only(world, route)
    with pytest.raises(AssertionError):
        test_a_filter_by_another_teams_row_finds_what_a_filter_by_none_finds(world, route)


def test_a_field_that_sees_every_teams_rows_is_found(world, monkeypatch):
    everybodys = serializers.PrimaryKeyRelatedField.get_queryset
    monkeypatch.setattr(ScopedField, "get_queryset", everybodys)
    with pytest.raises(AssertionError):
        test_a_body_that_names_another_teams_row_is_answered_as_one_that_names_none(
            world, "POST /api/groups/"
        )


def test_the_filters_of_contacts_are_among_those_that_are_asked():
    assert isinstance(ContactFilterSet.base_filters["group"], IdFilter)
    assert len(lists()) >= 12
    assert len(list(options())) >= 8
