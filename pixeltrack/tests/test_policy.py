"""The Content-Security-Policy of pages, and what browsers report of it."""

import json
import logging

import pytest
from django.test import Client

from accounts.models import User
from pixeltrack.policy_report import MOST_BYTES, REPORTS, PolicyReportThrottle

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_client")]


@pytest.fixture
def staff():
    client = Client()
    client.force_login(User.objects.create_superuser("admin", "admin@example.com"))
    return client


def policy(reply) -> dict[str, list[str]]:
    parts = (part.split() for part in reply["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in parts}


@pytest.mark.parametrize(
    "address", ["/admin/", "/admin/login/", "/api/", "/api-auth/login/", "/docs", "/redoc"]
)
def test_no_page_lets_inline_scripts_run(staff, address):
    found = policy(staff.get(address, headers={"Accept": "text/html"}))
    assert found["default-src"] == ["'none'"]
    assert found["script-src"][0] == "'self'"
    assert not {"'unsafe-inline'", "'unsafe-eval'"} & {*found["script-src"]}
    assert found.get("report-uri") == (None if address == "/redoc" else ["/csp-report"])


def test_pages_of_ours_have_no_inline_styles_either(staff):
    found = policy(staff.get("/admin/"))
    assert found["style-src"] == ["'self'"]
    assert "style-src-attr" not in found


def test_a_nonce_is_of_one_page(staff):
    first, second = (policy(staff.get("/docs"))["script-src"] for _ in range(2))
    assert first != second


@pytest.mark.parametrize("address", ["/openapi.json", "/healthz", "/stats?page_id=home"])
def test_answers_that_are_no_pages_have_none(client, address):
    assert "Content-Security-Policy" not in client.get(address)


# -- Reports ---------------------------------------------------------------------------------------
def send(body, **more):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client(enforce_csrf_checks=True).post(
        "/csp-report", body, content_type="application/csp-report", **more
    )


def report(document="http://testserver/admin/", directive="img-src"):
    return {"csp-report": {"document-uri": document, "effective-directive": directive}}


def counted(directive="img-src") -> float:
    return REPORTS.labels(directive)._value.get()


def test_a_report_is_counted_and_logged_by_directive_and_route(caplog):
    caplog.set_level(logging.WARNING)
    before = counted()
    secret = "http://testserver/admin/campaigns/contact/?q=ada@example.com"
    assert send(report(secret)).status_code == 204
    assert counted() == before + 1
    assert caplog.messages == [
        "Content-Security-Policy: a browser refused img-src on admin/campaigns/contact/"
    ]


@pytest.mark.parametrize(
    "document", ["http://testserver/ada@example.com", "about:blank", "http://[", "nonsense"]
)
def test_what_strangers_write_gets_into_no_log(caplog, document):
    caplog.set_level(logging.WARNING)
    send(report(document, "ada@example.com"))
    assert "ada" not in caplog.text
    assert "nonsense" not in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b"\xff", b'{"csp-report": 1}', b'{"csp-report": {}}'),
        json.dumps(report() | {"more": "x" * MOST_BYTES}).encode(),
    ],
)
def test_what_is_no_report_is_refused(body):
    assert send(body).status_code == 400


def test_one_network_sends_so_many(monkeypatch):
    monkeypatch.setattr(PolicyReportThrottle, "rate", "2/hour")
    before = counted()
    assert [send(report()).status_code for _ in range(3)] == [204, 204, 429]
    assert counted() == before + 2
