import re
from io import StringIO

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from pixeltrack.schema_view import document
from pixeltrack.tests.routes import api_routes
from tracking.page_views.statistics import PARAMETERS
from tracking.page_views.track import FORM

PAGE_VIEWS = {("/track", "POST"), ("/t.gif", "GET"), ("/stats", "GET")}
OPEN_TO_ALL = {"POST /api/sign-up/", *(f"{method} {path}" for path, method in PAGE_VIEWS)}


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
    assert schema["info"]["contact"]["url"] == settings.PUBLIC_URL
    assert schema["info"]["description"]


def test_every_route_of_the_api_is_in_the_schema(schema):
    """Each with all its methods; the root itself only leads to the lists."""
    told = {(path, method.upper()) for path in schema["paths"]
            for method in schema["paths"][path]}  # fmt: skip
    there = {(route.address.replace("<pk>", "{id}").replace("<id>", "{id}"), method)
             for route in api_routes() for method in route.methods()}  # fmt: skip
    assert told == there - {("/api/", "GET")} | PAGE_VIEWS


def test_every_operation_tells_what_it_is_for_and_how_it_fails(schema):
    for name, operation in operations(schema):
        assert operation.get("description"), name
        # Whatever a page asks of it, the GIF is answered.
        assert ("default" in operation["responses"]) == (name != "GET /t.gif"), name
        assert ("401" in operation["responses"]) == (name not in OPEN_TO_ALL), name
        for status, response in operation["responses"].items():
            if not status.startswith("2"):
                (media_type,) = response["content"]
                assert media_type == "application/problem+json", (name, status)


def test_every_operation_tells_what_it_answers(schema):
    for name, operation in operations(schema):
        good = {status: response for status, response in operation["responses"].items()
                if status.startswith("2")}  # fmt: skip
        assert good, name
        for status, response in good.items():
            shapes = [media["schema"] for media in response.get("content", {}).values()]
            assert all(shapes), (name, status)
            # To verify and to log out is answered with an empty object: the status tells it all.
            empty = status == "204" or name.endswith(("/verify/", "/logout/"))
            assert shapes or empty, f"{name}: {status} has no shape"


def test_every_operation_tells_who_may_use_it(schema):
    schemes = schema["components"]["securitySchemes"]
    assert schemes["jwtAuth"] | {"type": "http", "scheme": "bearer"} == schemes["jwtAuth"]
    for name, operation in operations(schema):
        allowed = {scheme for choice in operation.get("security", ()) for scheme in choice}
        if name in OPEN_TO_ALL:
            assert operation["security"] == [{}]
        elif "/api/token/" not in name:
            assert allowed == {"jwtAuth", "cookieAuth", "apiKey"} == schemes.keys(), name


def test_what_is_throttled_says_so(schema):
    throttled = {"/api/token/"}  # by the login guard
    throttled |= {route.address for route in api_routes() if route.view.cls.throttle_classes}
    assert "/api/sign-up/" in throttled
    told = {path for path, methods in schema["paths"].items()
            for operation in methods.values() if "429" in operation["responses"]}  # fmt: skip
    assert told == throttled


def test_the_schema_is_made_once(monkeypatch):
    made = []
    monkeypatch.setattr(
        SchemaGenerator, "get_schema", lambda *args, **kwargs: made.append(1) or {"made": len(made)}
    )
    document.cache_clear()
    try:
        answers = [Client().get("/openapi.json").json() for _ in range(3)]
    finally:
        document.cache_clear()
    assert answers == [{"made": 1}] * 3


def test_who_has_the_schema_already_is_told_so():
    first = Client().get("/openapi.json")
    assert first["Cache-Control"] == "no-cache"
    again = Client().get("/openapi.json", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    other = Client().get("/openapi.json", headers={"if-none-match": 'W/"other"'})
    assert (other.status_code, other.content) == (200, first.content)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/vnd.oai.openapi+json"),
        ("application/vnd.oai.openapi+json", "application/vnd.oai.openapi+json"),
        ("application/json", "application/json"),
        ("application/problem+json", "application/json"),
    ],
)
def test_the_schema_comes_as_what_is_asked_for(accept, media_type):
    response = Client().get("/openapi.json", headers={"accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, media_type)
    assert "Accept" in response["Vary"]


def test_every_body_that_makes_a_row_comes_with_an_example(schema):
    for name, operation in operations(schema):
        if name.startswith("POST") and "requestBody" in operation:
            assert operation["requestBody"]["content"]["application/json"].get("examples"), (
                f"{name} has no example: add one to EXAMPLES in pixeltrack/schema.py"
            )


def test_shapes_are_those_of_the_contract(schema):
    shapes = {name: set(shape.get("properties", ())) for name, shape in
              schema["components"]["schemas"].items()}  # fmt: skip
    assert shapes["Pixel"] == {"id", "contact", "number", "uuid", "url", "html"}
    own = {"campaign", "as_of", "tz", "bucket", "groups"}
    assert shapes["Statistics"] - shapes["GroupFigures"] == own
    compared = {"versus_control", "versus_control_raw", "shared", "schedule_warning"}
    of_group = {"id", "name", "is_control"} | compared
    assert shapes["GroupFigures"] - shapes["Statistics"] == of_group
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
    text = page.text + Client().get(path, {"script": ""}).text  # where /docs has its address
    assert "/openapi.json" in text
    files = re.findall(r"(?:src|href)=\"/static/([^\"]+)", page.text)
    assert files
    assert all(finders.find(file) for file in files)


def test_redoc_may_not_fetch_its_logo_from_elsewhere():
    policy = Client().get("/redoc")["Content-Security-Policy"]
    assert "img-src 'self' data:;" in f"{policy};"


@pytest.mark.parametrize("is_public", [True, False])
def test_the_schema_says_who_may_read_the_figures_of_pages(settings, is_public):
    settings.STATS_PUBLIC = is_public
    schema = SchemaGenerator().get_schema(request=None, public=True)
    stats = schema["paths"]["/stats"]["get"]
    allowed = {scheme for choice in stats["security"] for scheme in choice}
    assert allowed == (set() if is_public else {"jwtAuth", "cookieAuth", "apiKey"})
    assert ("401" in stats["responses"]) != is_public


def test_a_page_view_is_told_as_one_and_as_a_list(schema):
    track = schema["paths"]["/track"]["post"]
    assert all(kind in track["description"] for kind in ("text/plain", FORM))
    one, many = track["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    assert many["items"] == one
    assert {"202", "400", "413", "415", "422", "503"} <= track["responses"].keys()
    asked = {parameter["name"] for parameter in schema["paths"]["/stats"]["get"]["parameters"]}
    assert asked == set(PARAMETERS)
