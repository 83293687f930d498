"""A marketing team's day in the admin, in one piece: from an empty page to a decision. On SQLite
alone: what is recorded, counted and exported is tested on both elsewhere."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import assert_no_serious_violations, refused_by_policy, sign_in
from tests.stack import ADMIN, PASSWORD, WORKER
from tests.wire import THUNDERBIRD, get

NAME = "Autumn sale"
A, B = GROUPS = ("A: plain words", "B: big picture")
PEOPLE = [(f"reader-{number}@example.com", GROUPS[number % 2]) for number in range(80)]
READERS = {A: 4, B: 30}  # of 40 each
LISTS = ("campaigns/campaign", "campaigns/contact", "campaigns/contactimport", "tracking/opening")
STRANGER = "editor-of-another-team"
MAKE_STRANGER = f"""
from django.contrib.auth.models import Permission
from accounts.models import User
stranger = User.objects.create_user("{STRANGER}", password="{PASSWORD}", is_staff=True)
stranger.user_permissions.set(
    Permission.objects.filter(content_type__app_label__in=["campaigns", "tracking"])
)
answer = stranger.pk
"""


@pytest.fixture
def staff(sqlite, celery, clean):
    """A page of somebody who may do everything, while imports are worked on."""
    celery(sqlite, "story-beat", "pixeltrack", "beat", "--loglevel", "warning")
    celery(sqlite, "story-worker", "pixeltrack", *WORKER.split())
    sign_in(clean, f"{sqlite.url}/admin/login/?next=/admin/")
    return clean


@pytest.fixture
def stranger(sqlite, browser):
    """A page of somebody who may do as much, in another team."""
    sqlite.shell(MAKE_STRANGER)
    with browser.new_context() as context:
        page = context.new_page()
        sign_in(page, f"{sqlite.url}/admin/login/?next=/admin/", STRANGER)
        yield page


def test_from_an_empty_campaign_to_a_decision(sqlite, staff, stranger):
    refused = len(refused_by_policy(sqlite))
    look(staff)
    campaign = make_campaign(staff)
    import_people(staff)
    staff.goto(campaign)
    expect(staff.get_by_text("Nothing was opened yet.")).to_be_visible()
    look(staff)
    watch_an_opening_arrive(staff, staff.context.new_page(), sqlite)
    read_the_comparison(staff, sqlite)
    take_the_openers_away(staff)
    decide(staff)
    see_nothing(stranger, sqlite.url, campaign)
    assert refused_by_policy(sqlite)[refused:] == []


def look(page: Page):
    """Everybody can use what is seen now."""
    assert_no_serious_violations(page)


def make_campaign(page: Page) -> str:
    """The address of its page."""
    page.get_by_role("link", name="Add campaign").click()
    page.locator("#id_name").fill(NAME)
    page.locator("#id_groups-0-name").fill(A)
    page.locator("#id_groups-0-is_control").check()
    page.get_by_role("button", name="Add another Group").click()
    page.locator("#id_groups-1-name").fill(B)
    look(page)
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator("h1")).to_have_text(NAME)
    return page.url


def import_people(page: Page):
    page.get_by_role("link", name="Import contacts").first.click()
    rows = "\n".join(f"{email},{group}" for email, group in PEOPLE)
    content = f"email,group\n{rows}\n".encode()
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": content}
    page.locator("input[name=file]").set_input_files(file)
    look(page)
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_url(re.compile(r"/contactimport/\d+/change/"))
    expect(page.get_by_role("status")).to_contain_text("Done")
    expect(page.locator("[data-figure=created]")).to_have_text(str(len(PEOPLE)))
    look(page)


def watch_an_opening_arrive(page: Page, mail: Page, sqlite):
    """A mail is opened beside the page of the campaign, which is not loaded again."""
    [contact] = sqlite.all("/api/contacts/", search=PEOPLE[1][0])
    page.evaluate("window.stillTheSame = true")
    mail.goto(f"{sqlite.url}/admin/campaigns/contact/{contact['id']}/change/")
    look(mail)
    mail.get_by_role("link", name="Sample mail (counts)").click()
    look(mail)
    latest = page.locator(".latest tbody tr")
    expect(latest.first).to_contain_text(PEOPLE[1][0])
    look(page)
    assert page.evaluate("window.stillTheSame")
    mail.close()


def read_the_comparison(page: Page, sqlite):
    [campaign] = sqlite.all("/api/campaigns/", search=NAME)
    contacts = sqlite.all("/api/contacts/", campaign=campaign["id"])
    id_of = {contact["email"]: contact["id"] for contact in contacts}
    pixels = sqlite.all("/api/pixels/", campaign=campaign["id"])
    pixel_of = {pixel["contact"]: pixel["url"] for pixel in pixels}
    for group, readers in READERS.items():
        for email in [email for email, own in PEOPLE if own == group][:readers]:
            get(pixel_of[id_of[email]], headers={"User-Agent": THUNDERBIRD})
    answer = page.locator(".answer")
    expect(answer).to_contain_text(
        re.compile(f"“{B}” is better than “{A}” by [0-9.]+ to [0-9.]+ points")
    )
    look(page)


def take_the_openers_away(page: Page):
    page.get_by_role("link", name="Export", exact=True).click()
    look(page)
    page.get_by_label("Openers: the contacts that opened").check()
    with page.expect_download() as begun:
        page.get_by_role("button", name="Download").click()
    with Path(begun.value.path()).open(encoding="utf-8-sig", newline="") as text:
        rows = list(csv.DictReader(text))
    assert Counter(row["group"] for row in rows) == READERS
    assert {(row["email"], row["group"]) for row in rows} <= set(PEOPLE)
    page.get_by_role("link", name="Back to the campaign").click()


def decide(page: Page):
    page.get_by_role("link", name="Decide", exact=True).click()
    look(page)
    page.get_by_role("radio", name=B, exact=True).check()
    page.get_by_role("button", name="Decide").click()
    expect(page.locator(".answer")).to_contain_text(f"“{B}” was chosen by {ADMIN}")
    look(page)


def see_nothing(page: Page, url: str, campaign: str):
    page.goto(campaign)
    assert page.url == f"{url}/admin/"  # where Django leads who asks for what isn't there
    for place in ["", *(f"{each}/" for each in LISTS)]:
        page.goto(f"{url}/admin/{place}")
        seen = page.content()
        assert not [text for text in (NAME, A, B, "reader-1@") if text in seen], place
    for asked in (NAME, PEOPLE[1][0]):
        page.goto(f"{url}/admin/search/?q={asked}")
        expect(page.locator("#changelist-form")).to_have_count(1)
        expect(page.locator("#result_list")).to_have_count(0)
