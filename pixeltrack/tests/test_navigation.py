"""The sidebar of the admin."""

import re

import pytest
from django.contrib import admin

from accounts.models import User
from accounts.tests.staff import make_staff, signed_in
from campaigns.models import Campaign, Contact

pytestmark = pytest.mark.django_db


def sidebar(client, address="/admin/") -> list[tuple[str, str, str]]:
    """Address, mark and label of each entry."""
    html = client.get(address).text.partition('<nav id="sidebar"')[2].partition("</nav>")[0]
    found = re.findall(r'<a href="([^"]+)"(?: aria-current="(\w+)")?>(.*?)</a>', html, re.DOTALL)
    return [(href, mark, re.sub(r"<svg.*</svg>", "", label)) for href, mark, label in found]


def test_it_names_what_one_may_see_and_nothing_else():
    client = signed_in(make_staff(models=[Campaign, Contact], actions=["view"]))
    assert sidebar(client) == [
        ("/admin/", "page", "Home"),
        ("/admin/campaigns/campaign/", "", "Campaigns"),
        ("/admin/campaigns/contact/", "", "Contacts"),
    ]


def test_every_list_is_in_it_once():
    superuser = User.objects.create_superuser("admin", "admin@example.com")
    addresses = [href for href, *_ in sidebar(signed_in(superuser))]
    lists = {
        f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for model in admin.site._registry
    }
    assert sorted(addresses) == sorted({"/admin/", *lists})


def test_it_marks_the_list_that_a_page_belongs_to():
    client = signed_in(User.objects.create_superuser("admin", "admin@example.com"))
    marked = [entry[:2] for entry in sidebar(client, "/admin/campaigns/campaign/add/") if entry[1]]
    assert marked == [("/admin/campaigns/campaign/", "true")]


def test_who_is_not_signed_in_sees_none(client):
    assert sidebar(client, "/admin/login/") == []
