"""Errors are problem details, wherever in the API they arise, and never a page or a trace."""

import json

import pytest
from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http.multipartparser import MultiPartParserError
from django.test import Client
from django.urls import reverse
from rest_framework.exceptions import Throttled

from accounts.tests.people import assert_problem, client_of, make_user
from campaigns.api import CampaignViewSet
from campaigns.tests.house import House
from pixeltrack.body_limits import FRAME
from pixeltrack.request_limits import number

pytestmark = pytest.mark.django_db
NO_AT = 'There is no "@". Give the whole address, such as ada@example.com.'


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
        {"field": "email", "code": "invalid", "detail": NO_AT},
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


@pytest.mark.parametrize("path", ["/api/campaigns", "/api/token", "/api"])
def test_a_slash_is_added_for_who_reads_and_missed_from_who_writes(client, path):
    assert client.get(path)["Location"] == path + "/"
    assert_problem(client.post(path, {"name": "x"}), 404, "not_found")
    assert "end with a slash" in client.post(path).json()["detail"]


def test_outside_of_the_api_a_form_without_the_slash_is_sent_on(client):
    assert client.post("/api-auth/login").status_code == 301


@pytest.mark.parametrize("charset", ["hex", "zlib", "base64", "rot13", "latin1", "utf-16", "no"])
@pytest.mark.parametrize("kind", ["json", "x-www-form-urlencoded", "x; boundary=x"])
def test_another_charset_than_utf8_is_415(client, kind, charset):
    kind = kind.replace("x; ", "form-data; ")
    media_type = f"{'multipart' if 'boundary' in kind else 'application'}/{kind}"
    response = send(client, '{"name": "x"}', f"{media_type}; charset={charset}")
    assert_problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", '"utf-8"', "us-ascii"])
def test_utf8_may_be_named(client, charset):
    response = send(client, '{"name": "x"}', f"application/json; charset={charset}")
    assert response.status_code == 201


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=\xff"])
def test_a_multipart_body_that_can_not_be_read_is_400(client, boundary):
    response = send(client, "--x", f"multipart/form-data{boundary}")
    assert_problem(response, 400, "parse_error")


@pytest.mark.parametrize("body", [b'{"name": "\xff"}', '{"name": "x"}'.encode("utf-16")])
def test_json_that_is_not_utf8_is_400(client, body):
    assert_problem(send(client, body), 400, "parse_error")


def test_a_body_that_is_too_long_is_413(client, settings):
    settings.API_MAX_BODY_BYTES = 1024
    body = json.dumps({"name": "x"})
    assert send(client, body.ljust(1024)).status_code == 201
    response = send(client, body.ljust(1025))
    assert_problem(response, 413, "too_large")
    assert "1024 bytes" in response.json()["detail"]
    page = Client().post("/admin/login/", {"username": "x" * 1024})
    assert (page.status_code, page["Content-Type"]) == (413, "text/plain")


def test_a_file_that_is_too_long_for_the_admin_is_answered_by_a_page_with_a_way_back(settings):
    settings.MAX_IMPORT_BYTES = 1024
    address = reverse("admin:campaigns_contactimport_add")
    file = SimpleUploadedFile("people.csv", b"x" * (1024 + FRAME))
    page = Client().post(address, {"file": file})
    assert (page.status_code, page["Content-Type"]) == (413, "text/html; charset=utf-8")
    assert "The file is longer than the 1024 bytes that are allowed." in page.text
    assert f'<a class="button" href="{address}">Back to the form</a>' in page.text


def test_ten_thousand_rows_are_not_too_long(client):
    rows = [{"group": 10**9, "email": "x" * 200, "name": "x" * 200, "external_id": "x" * 200}]
    assert send(client, json.dumps(rows * 10_000)).status_code == 400  # it is no object


def test_too_many_fields_are_413(client):
    fields = "&".join(
        f"a{number}=1" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)
    )
    assert_problem(client.get(f"/api/campaigns/?{fields}"), 413, "too_large")
    response = send(client, fields, "application/x-www-form-urlencoded")
    assert_problem(response, 413, "too_large")


def test_too_many_files_are_413(client):
    part = '--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nf\r\n'
    response = send(client, part * 101 + "--x--\r\n", "multipart/form-data; boundary=x")
    assert_problem(response, 413, "too_large")


def test_a_form_that_django_finds_too_long_is_413(settings):
    """A session's form is read by Django, for its CSRF token."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_user())
    browser.cookies["csrftoken"] = "x" * 32
    form = "application/x-www-form-urlencoded"
    assert_problem(send(browser, "name=" + "x" * 20, form), 413, "too_large")


@pytest.mark.parametrize("error", [SuspiciousOperation, BadRequest, MultiPartParserError])
def test_what_django_finds_odd_is_400(client, monkeypatch, error):
    def odd(*args, **kwargs):
        raise error("the secret of the house")

    monkeypatch.setattr(CampaignViewSet, "list", odd)
    response = client.get("/api/campaigns/")
    assert_problem(response, 400, "parse_error")
    assert "secret" not in response.text


@pytest.mark.parametrize(
    ("method", "headers", "status", "code"),
    [
        ("POST", {}, 405, "method_not_allowed"),
        ("GET", {"accept": "text/csv"}, 406, "not_acceptable"),
    ],
)
def test_the_schema_has_problems_too(client, method, headers, status, code):
    assert_problem(client.generic(method, "/openapi.json", headers=headers), status, code)


@pytest.mark.parametrize("accept", ["{}", "{};q=0.5", "{}, text/csv", "text/csv, {}"])
@pytest.mark.parametrize("name", ["application/problem+json", "Application/Problem+JSON "])
def test_who_accepts_problems_gets_json(client, accept, name):
    headers = {"accept": accept.format(name)}
    good = client.get("/api/campaigns/", headers=headers)
    assert (good.status_code, good["Content-Type"]) == (200, "application/json")
    assert_problem(client.get("/api/campaigns/0/", headers=headers), 404, "not_found")


@pytest.mark.parametrize("length", ["²", "\u0661", "1²", "-1", "+1", "x", ""])
def test_a_length_that_is_no_number_is_no_length(length):
    assert number(length) == 0


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "FOO"])
@pytest.mark.parametrize("path", ["/api/", "/api/campaigns/", "/api/token/", "/api/token/verify/"])
def test_a_method_that_nobody_knows_is_405(client, path, method):
    assert_problem(client.generic(method, path), 405, "method_not_allowed")


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Basic eDp5", "Bearer \xff", "Odd", ""])
def test_an_authorization_that_is_none_is_401(header):
    response = Client().get("/api/campaigns/", headers={"authorization": header})
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"


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
