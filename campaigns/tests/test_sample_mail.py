import re

import pytest
from django.conf import settings
from django.urls import reverse

from accounts.models import Membership
from accounts.tests.staff import admin_client, make_staff, signed_in
from campaigns.models import Pixel
from campaigns.tests.factories import make_campaign, make_contact, make_user
from campaigns.token import read_token

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db

IMAGES = re.compile(rf'<img src="{re.escape(settings.PUBLIC_URL)}/p/(?P<token>[^"]+)\.gif"[^>]*>')


def address(contact) -> str:
    return reverse("sample-mail", args=[contact.pk])


def pixels_in(text) -> list[Pixel]:
    tokens = [match["token"] for match in IMAGES.finditer(text)]
    return [Pixel.objects.get(uuid=read_token(token).hex()) for token in tokens]


@pytest.mark.parametrize("number", [0, 1, 2, 4])
def test_the_mail_carries_each_pixel_once_in_order(admin_client, number):
    contact = make_contact()
    contact.pixels.all().delete()
    contact.add_pixels(number)
    reply = admin_client.get(address(contact))
    assert reply.status_code == 200
    assert pixels_in(reply.text) == [*contact.pixels.order_by("number")]


def test_the_first_pixel_is_at_the_top_and_the_last_at_the_end(admin_client):
    text = admin_client.get(address(make_contact(pixels=2))).text
    top, bottom = (match.start() for match in IMAGES.finditer(text))
    assert top < text.index("<h1>")
    assert bottom > text.index("Unsubscribe")


def test_no_pixel_is_hidden(admin_client):
    text = admin_client.get(address(make_contact(pixels=2))).text
    assert "display:none" not in text.replace(" ", "")
    assert "loading=" not in text


def test_the_mail_says_that_its_pixels_count_and_leads_back(admin_client):
    contact = make_contact(name="Ada Fairweather")
    text = admin_client.get(address(contact)).text
    assert "Its pixels count" in text
    assert reverse("admin:campaigns_contact_change", args=[contact.pk]) in text
    assert "Hello Ada," in text


def test_what_people_typed_is_shown_as_text(admin_client):
    group = make_campaign(name="<b>Bold</b>").groups.get()
    text = admin_client.get(address(make_contact(group, name="<script>x</script>"))).text
    assert "<b>Bold" not in text
    assert "<script>" not in text


def test_each_visit_asks_for_the_page_anew(admin_client):
    assert "no-store" in admin_client.get(address(make_contact()))["Cache-Control"]


def test_staff_see_the_mails_of_their_teams_only():
    anna = make_staff()
    contact = make_contact()
    assert signed_in(anna).get(address(contact)).status_code == 404
    Membership.objects.create(team=contact.group.campaign.team, user=anna)
    assert signed_in(anna).get(address(contact)).status_code == 200


def test_a_contact_that_is_not_there_is_not_found(admin_client):
    for number in (0, 10**6, 10**30):
        assert admin_client.get(f"/sample/{number}/").status_code == 404


def test_everybody_else_is_sent_to_the_login(client):
    contact = make_contact()
    login = reverse("admin:login") + f"?next=/sample/{contact.pk}/"
    assert client.get(address(contact)).url == login
    not_staff = make_user()
    Membership.objects.create(team=contact.group.campaign.team, user=not_staff)
    assert signed_in(not_staff).get(address(contact)).url == login


def test_the_page_asks_the_same_number_of_questions_whatever_its_pixels(
    admin_client, django_assert_max_num_queries
):
    for contact in [make_contact(pixels=1), make_contact(pixels=9)]:
        with django_assert_max_num_queries(6):  # one asks for a second factor
            admin_client.get(address(contact))
