"""Bodies that are too big for strangers, by WSGI; tests/test_uploads.py asks the real server."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from accounts.tests.people import assert_problem
from campaigns.tests.house import House

pytestmark = pytest.mark.django_db
URL = "/api/imports/"


@pytest.fixture
def house(settings):
    settings.API_MAX_BODY_BYTES, settings.MAX_IMPORT_BYTES = 2_000, 100_000
    return House()


def upload(client, house, length=5_000):
    file = SimpleUploadedFile("a.csv", b"email\n".ljust(length))
    body = {"campaign": house.campaign.pk, "file": file}
    return client.post(URL, body, format="multipart")


def test_a_known_sender_may_send_a_file_as_long_as_files_may_be(house):
    assert upload(house.client, house).status_code == 201
    assert_problem(upload(house.client, house, 200_000), 413, "too_large")


def test_a_stranger_is_refused_before_the_body_is_read(house, monkeypatch):
    monkeypatch.setattr("django.http.HttpRequest.upload_handlers", None)
    response = upload(APIClient(), house)
    assert_problem(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_session_is_known_too_and_has_to_prove_that_the_form_is_its_own(house):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(house.user)
    response = upload(client, house)
    assert_problem(response, 403, "permission_denied")
    assert "CSRF" in response.json()["detail"]


def test_rows_as_json_are_as_short_as_other_bodies(house):
    rows = [{"email": "ada@example.com"}] * 100
    response = house.client.post(URL, {"campaign": house.campaign.pk, "contacts": rows})
    assert_problem(response, 413, "too_large")
