"""Errors are pages for people, wherever it is not a program that asks (see test_problems)."""

import pytest
from django.contrib.admin import AdminSite
from django.core.exceptions import SuspiciousOperation
from django.test import Client

from accounts.tests.staff import make_staff, page, signed_in
from campaigns.models import Campaign
from pixeltrack.problems import server_error

pytestmark = pytest.mark.django_db


def assert_page(response, status: int, says: str, link="/admin/"):
    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")
    assert f"<h1>{says}" in response.text
    assert f'<a class="button" href="{link}">' in response.text
    assert "pixeltrack/theme.css" in response.text


def test_nothing_at_an_address_is_told_without_the_address(client):
    reply = client.get("/no-such-place/")
    assert_page(reply, 404, "There is nothing at this address")
    assert "no-such-place" not in reply.text


def test_a_page_that_one_may_not_see_says_so():
    reply = signed_in(make_staff()).get(page(Campaign))
    assert_page(reply, 403, "You may not see or do this")


def test_a_form_without_its_token_is_out_of_date():
    reply = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "anna"})
    assert_page(reply, 403, "This form is out of date")


def test_what_can_not_be_read_is_told_as_a_page(monkeypatch):
    def odd(*args, **kwargs):
        raise SuspiciousOperation("the secret of the house")

    monkeypatch.setattr(AdminSite, "index", odd)
    reply = signed_in(make_staff()).get("/admin/")
    assert_page(reply, 400, "This request can’t be read")  # noqa: RUF001
    assert "secret" not in reply.text


def test_an_unknown_host_is_led_to_ours_and_not_named(settings):
    settings.PUBLIC_URL = "https://pixels.example.com"
    reply = Client().get("/admin/", headers={"host": "evil.example"})
    link = "https://pixels.example.com/admin/"
    assert_page(reply, 400, "PixelTrack doesn’t answer under this name", link)  # noqa: RUF001
    assert "evil" not in reply.text + str(reply.headers)


def test_a_failure_is_a_page_that_asks_no_database(rf, django_assert_num_queries):
    with django_assert_num_queries(0):
        reply = server_error(rf.get("/admin/"))
    assert_page(reply, 500, "PixelTrack has failed")
