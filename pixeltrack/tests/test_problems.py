"""Errors are problem details, wherever in the API they arise, and never a page or a trace."""

import json

import pytest
from django.test import Client
from rest_framework.exceptions import Throttled

from accounts.tests.people import assert_problem, client_of, make_user
from campaigns.api import CampaignViewSet
from campaigns.tests.house import House

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return client_of(make_user())


def send(client, body: str, content_type="application/json"):
    return client.generic("POST", "/api/campaigns/", body, content_type)


def test_a_problem_says_what_is_wrong_and_where(client):
    response = client.post("/api/contacts/", {"email": "x"})
    assert_problem(response, 400, "invalid")
    problem = response.json()
    assert problem["type"] == "about:blank"
    assert problem["title"] == "Bad Request"
    assert problem["detail"] == "group: This field is required. (1 more in errors.)"
    assert problem["errors"] == [
        {"field": "group", "code": "required", "detail": "This field is required."},
        {"field": "email", "code": "invalid", "detail": "Enter a valid email address."},
    ]


@pytest.mark.parametrize(
    "body",
    ["", "{", "nonsense", "{'name': 1}", "[1,", "\ufeff{}", "NaN", "9" * 5000, "[" * 100_000],
)
def test_what_is_no_json_is_400(client, body):
    response = send(client, body)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("body", [None, [], [{"name": "x"}], "x", 7, True, 1.5])
def test_json_that_is_no_object_is_400(client, body):
    assert_problem(send(client, json.dumps(body)), 400, "invalid")


@pytest.mark.parametrize("body", [{"name": None}, {"name": []}, {"name": {}}, {"name": True}])
def test_a_value_of_the_wrong_kind_is_400_at_its_field(client, body):
    response = send(client, json.dumps(body))
    assert_problem(response, 400, "invalid")
    assert response.json()["errors"][0]["field"] == "name"


@pytest.mark.parametrize("name", ["tracking", "time_zone", "name", "closed_at", "group_names"])
@pytest.mark.parametrize("value", ['"\\ud800"', '"\\u0000"', '"' + "x" * 1_000_000 + '"', "1e400"])
def test_no_value_makes_the_server_fail(client, name, value):
    response = send(client, f'{{"name": "x", "{name}": {value}}}')
    assert_problem(response, 400, "invalid") if name != "name" or value != "1e400" else None
    assert response.status_code in (201, 400)
    assert len(response.content) < 3000


def test_an_unknown_media_type_is_415(client):
    assert_problem(send(client, "<x/>", "text/xml"), 415, "unsupported_media_type")


def test_an_answer_that_can_not_be_given_is_406(client):
    assert_problem(client.get("/api/campaigns/", HTTP_ACCEPT="text/csv"), 406, "not_acceptable")


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_method_that_is_not_there_is_405(client, method):
    response = getattr(client, method)("/api/campaigns/")
    assert_problem(response, 405, "method_not_allowed")
    assert "POST" in response["Allow"]


@pytest.mark.parametrize("id_", ["abc", "0", "-1", "1.5", "9" * 19, "9" * 400, "%00", "ü", "1%0A"])
@pytest.mark.parametrize("kind", ["campaigns", "groups", "contacts", "pixels", "openings"])
def test_an_id_that_is_none_is_404(client, kind, id_):
    assert_problem(client.get(f"/api/{kind}/{id_}/"), 404, "not_found")


@pytest.mark.parametrize("path", ["/api/nothing/", "/api/campaigns/1/nothing/", "/api/x.json"])
def test_an_address_that_is_not_there_is_404(client, path):
    assert_problem(client.get(path), 404, "not_found")
    assert_problem(Client().post(path), 404, "not_found")


def test_outside_of_the_api_a_missing_page_is_a_page(client):
    response = client.get("/nothing/")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


def fail(*args, **kwargs):
    raise RuntimeError("the secret of the house")


def test_a_failure_is_a_problem_without_its_reason(client, monkeypatch):
    monkeypatch.setattr(CampaignViewSet, "list", fail)
    response = client.get("/api/campaigns/")
    assert_problem(response, 500, "error")
    assert "secret" not in response.text
    assert "Traceback" not in response.text


def test_too_many_requests_say_when_to_come_back(client, monkeypatch):
    def throttled(*args, **kwargs):
        raise Throttled(wait=7)

    monkeypatch.setattr(CampaignViewSet, "list", throttled)
    response = client.get("/api/campaigns/")
    assert_problem(response, 429, "throttled")
    assert response["Retry-After"] == "7"


def test_the_browsable_api_shows_the_problem_as_a_page(client):
    response = client.get("/api/campaigns/0/", HTTP_ACCEPT="text/html")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")
    assert "about:blank" in response.text


def test_an_unknown_host_is_told_in_json_too():
    response = Client().get("/api/", headers={"host": "evil.example"})
    assert_problem(response, 400, "bad_request")


def test_the_browsable_forms_make_rows():
    """As the browser sends them, with a session and a CSRF token."""
    house = House()
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(house.user)
    page = browser.get("/api/campaigns/", headers={"accept": "text/html"})
    assert 'name="time_zone"' in page.text
    body = {"name": "By hand", "time_zone": "UTC", "pixels_per_contact": "2",
            "tracking": "individual", "closed_at": "", "team": house.team.pk,
            "csrfmiddlewaretoken": browser.cookies["csrftoken"].value}  # fmt: skip
    made = browser.post("/api/campaigns/", body, headers={"accept": "text/html"})
    assert made.status_code == 201, made.text
    assert house.team.campaigns.filter(name="By hand").exists()
