import re
from io import StringIO

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client


@pytest.fixture(scope="module")
def schema() -> dict:
    return Client().get("/openapi.json").json()


def operations(schema):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_schema_is_valid_and_without_a_warning():
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())


def test_the_schema_says_whose_it_is(schema):
    assert schema["info"]["title"] == "PixelTrack"
    assert schema["info"]["license"]["name"] == "MIT"


def test_every_route_of_the_api_is_in_the_schema(schema):
    rows = ["teams", "memberships", "invitations", "api-keys"]
    rows += ["campaigns", "groups", "contacts", "pixels", "openings", "erased-addresses"]
    rows += ["removals"]
    assert set(schema["paths"]) == {
        *(f"/api/{kind}/" for kind in rows),
        *(f"/api/{kind}/{{id}}/" for kind in rows),
        "/api/contacts/bulk/",
        *(f"/api/campaigns/{{id}}/{kind}/" for kind in ("groups", "contacts", "openings")),
        "/api/groups/{id}/contacts/",
        *(f"/api/contacts/{{id}}/{kind}/" for kind in ("pixels", "openings")),
        "/api/contacts/{id}/erase/",
        "/api/campaigns/{id}/statistics/",
        "/api/invitations/accept/",
        "/api/sign-up/",
        "/api/contacts/{id}/render/",
        "/api/campaigns/{id}/pixels.csv",
        "/api/campaigns/{id}/pixels.jsonl",
        *(
            f"/api/{owner}/{{id}}/{table}.{form}"
            for owner in ("campaigns", "groups")
            for table in ("openers", "non-openers", "openings")
            for form in ("csv", "jsonl")
        ),
        "/api/token/",
        "/api/token/refresh/",
        "/api/token/verify/",
        "/api/token/logout/",
    }


def test_every_operation_tells_what_it_is_for_and_how_it_fails(schema):
    for name, operation in operations(schema):
        assert operation.get("description"), name
        assert "default" in operation["responses"], name
        assert ("401" in operation["responses"]) == (name != "POST /api/sign-up/"), name
        for status, response in operation["responses"].items():
            if not status.startswith("2"):
                (media_type,) = response["content"]
                assert media_type == "application/problem+json", (name, status)


def test_shapes_are_those_of_the_contract(schema):
    shapes = {name: set(shape.get("properties", ())) for name, shape in
              schema["components"]["schemas"].items()}  # fmt: skip
    assert shapes["Pixel"] == {"id", "contact", "number", "uuid", "url", "html"}
    assert shapes["Statistics"] - shapes["GroupFigures"] == {"campaign", "as_of", "groups"}
    assert shapes["GroupFigures"] - shapes["Statistics"] == {"id", "name", "is_control"}
    assert shapes["Problem"] == {"type", "title", "status", "detail", "code", "errors"}
    assert shapes["PaginatedPixelList"] == {"next", "previous", "results"}


def test_ids_in_filters_are_integers(schema):
    parameters = schema["paths"]["/api/openings/"]["get"]["parameters"]
    types = {parameter["name"]: parameter["schema"]["type"] for parameter in parameters}
    assert {types[name] for name in ("campaign", "group", "contact", "pixel")} == {"integer"}
    assert "search" not in types


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_pages_take_everything_from_this_server(path):
    page = Client().get(path)
    assert page.status_code == 200
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//[^\"]*", page.text)
    assert "/openapi.json" in page.text
    files = re.findall(r"(?:src|href)=\"/static/([^\"]+)", page.text)
    assert files
    assert all(finders.find(file) for file in files)


def test_redoc_may_not_fetch_its_logo_from_elsewhere():
    policy = re.search(r'Content-Security-Policy" content="([^"]+)', Client().get("/redoc").text)
    assert "img-src 'self' data:" in policy[1]
