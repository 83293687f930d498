"""With an http PUBLIC_URL, as on a laptop, nothing breaks."""

import pytest
from django.test import Client

from accounts.models import User


@pytest.mark.django_db
def test_with_http_one_can_log_in_and_work():
    User.objects.create_superuser("admin", "admin@example.com", "correct horse")
    browser = Client(enforce_csrf_checks=True)
    browser.get("/admin/login/")
    assert not browser.cookies["csrftoken"]["secure"]
    form = {"username": "admin", "password": "correct horse", "next": "/admin/"}
    form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"].value
    reply = browser.post("/admin/login/", form)
    assert (reply.status_code, reply["Location"]) == (302, "/admin/")
    assert not browser.cookies["sessionid"]["secure"]
    assert browser.get("/admin/").status_code == 200
    headers = {"x-csrftoken": browser.cookies["csrftoken"].value}
    made = browser.post("/api/campaigns/", {"name": "Spring"}, "application/json", headers=headers)
    assert made.status_code == 201
