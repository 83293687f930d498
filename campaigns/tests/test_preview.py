"""The preview of a contact's mail: as the mail is, and never an opening."""

import re

import pytest

from accounts.models import Membership
from accounts.tests.staff import admin_client, make_staff, page, signed_in
from campaigns.models import Contact
from campaigns.render import render
from campaigns.tests.factories import make_contact, make_user

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db

MARK = re.compile(r'<span style="[^"]*">(pixel \d+)</span>')
POLICY = {
    "sandbox",
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    "img-src data:",
    "font-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
}
LINKS = '<base target="_blank">'


@pytest.fixture
def contact():
    return make_contact(name="Ada Fairweather", pixels=3)


def address(contact, what="preview_mail") -> str:
    return page(Contact, what, contact.pk)


def post(client, contact, html):
    return client.post(address(contact), {"html": html})


def policy_of(reply) -> set[str]:
    return set(reply["Content-Security-Policy"].split("; "))


def test_the_sample_has_marks_in_the_places_of_its_pixels(admin_client, contact):
    reply = admin_client.get(address(contact))
    assert MARK.findall(reply.text) == ["pixel 1", "pixel 2", "pixel 3"]
    assert "/p/" not in reply.text
    assert "Hello Ada," in reply.text
    assert "Its pixels count" not in reply.text
    assert policy_of(reply) - POLICY == {"style-src 'self' 'unsafe-inline'"}


def test_a_mail_of_ones_own_has_marks_where_render_puts_the_pixels(admin_client, contact):
    mail = "<html><body>\r\n<p>Hi {{name}}</p>\n<p>x</p> </body></html>\n"
    reply = post(admin_client, contact, mail)
    assert MARK.sub(r"[\1]", reply.text) == (
        f"<html><body>{LINKS}[pixel 1]\r\n<p>Hi {{{{name}}}}</p>[pixel 2]\n<p>x</p> "
        "[pixel 3]</body></html>\n"
    )
    assert policy_of(reply) == POLICY
    assert reply["X-Frame-Options"] == "SAMEORIGIN"


def test_pixels_that_are_in_the_mail_already_are_marks_as_well(admin_client, contact):
    mail = render("<p>Hello</p><p>x</p>", [*contact.pixels.order_by("number")])
    reply = post(admin_client, contact, mail)
    assert "/p/" not in reply.text
    assert MARK.sub(r"[\1]", reply.text) == (
        f"{LINKS}[pixel 1]<p>Hello</p>[pixel 2]<p>x</p>[pixel 3]"
    )


def test_a_contact_without_pixels_has_a_preview(admin_client, contact):
    contact.pixels.all().delete()
    assert MARK.findall(admin_client.get(address(contact)).text) == []
    assert post(admin_client, contact, "<p>Hello</p>").text == f"{LINKS}<p>Hello</p>"


def test_what_can_not_be_shown_is_refused_with_a_sentence(admin_client, contact):
    other = make_contact(pixels=1)
    foreign = render("<p>Hello</p>", [*other.pixels.all()])
    for html, why in {
        "": "Paste the HTML of a mail first.",
        "no markup": "This is no HTML.",
        foreign: "This HTML has the pixel of another contact in it.",
    }.items():
        reply = post(admin_client, contact, html)
        assert reply.status_code == 400
        assert why in reply.text
        assert policy_of(reply) == POLICY


def test_the_page_around_it_may_frame_it_and_nothing_else(admin_client, contact):
    reply = admin_client.get(address(contact, "preview"))
    assert f'src="{address(contact)}" sandbox' in reply.text
    assert f"frame-src testserver{address(contact)}" in policy_of(reply)
    other = admin_client.get(page(Contact, "change", contact.pk))
    assert "frame-src" not in other["Content-Security-Policy"]
    assert other["X-Frame-Options"] == "DENY"


def test_the_page_of_a_contact_says_what_counts(admin_client, contact):
    text = admin_client.get(page(Contact, "change", contact.pk)).text
    assert f'<a href="{address(contact, "preview")}">Preview (never counts)</a>' in text
    assert ">Sample mail (counts)</a>" in text


@pytest.mark.parametrize("what", ["preview", "preview_mail"])
def test_it_is_for_those_who_may_see_the_contact(client, contact, what):
    team = contact.group.campaign.team
    for other in (make_staff("theirs", models=[Contact]), make_staff("no-team")):
        assert signed_in(other).get(address(contact, what)).status_code == 404
    assert signed_in(make_staff("blind", team)).get(address(contact, what)).status_code == 403
    viewer = make_staff("viewer", team, [Contact], ["view"])
    assert signed_in(viewer).get(address(contact, what)).status_code == 200
    not_staff = make_user()
    Membership.objects.create(team=team, user=not_staff)
    for somebody in (client, signed_in(not_staff)):
        assert "/admin/login/" in somebody.get(address(contact, what)).url


def test_another_teams_mail_is_not_rendered_either(contact):
    stranger = signed_in(make_staff("stranger", models=[Contact]))
    assert post(stranger, contact, "<p>Hello</p>").status_code == 404
