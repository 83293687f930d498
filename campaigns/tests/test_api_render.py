"""A contact's pixels placed in the HTML of a mail, through the API."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from accounts.tests.people import assert_problem, client_of, make_member, make_user
from campaigns.models import Pixel
from campaigns.render import MOST
from campaigns.tests.house import House
from campaigns.token import read_token

IMAGE = re.compile(r'<img src="[^"]*/p/[^"]*\.gif" width="1" height="1" alt="" style="[^"]*">')


@pytest.fixture
def house(db):
    return House(pixels=3)


def send(house, html, client=None, **more):
    address = f"/api/contacts/{house.contact.pk}/render/"
    return (client or house.client).post(address, {"html": html}, **more)


def numbers_in(html) -> list[int]:
    """The numbers of the pixels in the HTML, in their order."""
    uuids = [read_token(text).hex() for text in re.findall(r"/p/([^.]+)\.gif", html)]
    pixels = {pixel.uuid.hex: pixel.number for pixel in Pixel.objects.all()}
    return [pixels[uuid] for uuid in uuids]


MAIL = "<html><body>\r\n<p>Hi&nbsp;{{name}}</p>\n<p>x</p> </body></html>\n"


def test_a_mail_comes_back_with_the_contacts_pixels(house):
    house.add_contact()
    response = send(house, MAIL)
    assert response.status_code == 200
    rendered = response.json()["html"]
    assert numbers_in(rendered) == [1, 2, 3]
    assert "display:none" not in rendered
    assert len(IMAGE.findall(rendered)) == 3
    assert IMAGE.sub("", rendered) == MAIL


def test_a_mail_can_be_sent_as_it_is(house):
    address = f"/api/contacts/{house.contact.pk}/render/"
    response = house.client.post(address, MAIL + "ü", content_type="text/html; charset=UTF-8")
    assert IMAGE.sub("", response.json()["html"]) == MAIL + "ü"
    broken = house.client.generic("POST", address, b"<p>\xff</p>", content_type="text/html")
    assert_problem(broken, 400, "parse_error")
    other = house.client.generic("POST", address, b"<p>", content_type="text/html; charset=utf-7")
    assert_problem(other, 415, "unsupported_media_type")


def test_rendering_again_changes_nothing(house):
    once = send(house, MAIL).json()["html"]
    assert send(house, once).json()["html"] == once


def test_a_pixel_that_was_put_by_hand_stays_and_the_others_are_added(house):
    second = house.contact.pixels.get(number=2)
    mail = MAIL.replace("{{name}}", second.html)
    rendered = send(house, mail).json()["html"]
    assert numbers_in(rendered) == [1, 2, 3]
    assert rendered.count(second.html) == 1


def test_the_pixel_of_another_contact_is_refused(house):
    other = house.add_contact().pixels.get(number=1)
    assert_problem(send(house, f"<p>{other.html}</p>"), 400, "foreign_pixel", field="html")
    # In a comment nobody fetches it.
    assert send(house, f"<p><!-- {other.html} --></p>").status_code == 200


@pytest.mark.parametrize(
    ("html", "code"),
    [
        ("", "blank"),
        ("plain", "not_html"),
        (17, "not_html"),
        (None, "null"),
        (["<p>"], "invalid"),
        ("<p>\0", "null_characters_not_allowed"),
        ("<p>" + "x" * MOST, "max_length"),
    ],
)
def test_what_cannot_be_rendered_is_a_problem_with_the_field(house, html, code):
    assert_problem(send(house, html), 400, code, field="html")


@pytest.mark.parametrize(
    ("body", "code"),
    [("{}", "required"), ('{"html": "<p>\\ud800"}', "surrogate_characters_not_allowed")],
)
def test_html_must_be_there_and_text(house, body, code):
    address = f"/api/contacts/{house.contact.pk}/render/"
    response = house.client.post(address, body, content_type="application/json")
    assert_problem(response, 400, code, field="html")


@pytest.mark.parametrize("role", Membership.Role.values)
def test_every_member_may_render(house, role):
    assert send(house, MAIL, client_of(make_member(house.team, role))).status_code == 200


def test_for_another_team_there_is_no_such_contact(house):
    assert_problem(send(house, MAIL, client_of(make_user())), 404, "not_found")


def test_rendering_reads_the_same_however_many_pixels(house):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert send(house, MAIL).status_code == 200
        return len(captured)

    before = queries()
    house.contact.add_pixels(20)
    assert queries() == before
