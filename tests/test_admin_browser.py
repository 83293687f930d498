"""The admin for everyone: by day and by night, on a desk and on a phone, by keyboard, under its
Content-Security-Policy. On SQLite alone: no page of it is about the database."""

import pytest
from playwright.sync_api import expect

from tests.browsing import (
    assert_no_serious_violations,
    line_of,
    refused_by_policy,
    serious_violations,
)
from tests.screenshots import CAMPAIGN, CONTACT, SCREENS
from tests.thorough import THOROUGH
from tests.wire import get

LISTS = ("campaigns/campaign", "campaigns/contact", "tracking/page", "accounts/user")
FORMS = (
    f"campaigns/campaign/{CAMPAIGN}/change",
    f"campaigns/contact/{CONTACT}/change",
    f"campaigns/contact/{CONTACT}/preview",
    f"campaigns/contact/{CONTACT}/erase",
    f"campaigns/contact/{CONTACT}/delete",
    "campaigns/campaign/add",
    "campaigns/contactimport/add",
    "two-factor",
)
LOOKS = [("desktop", "light"), ("phone", "dark")]
LOOKS += [("desktop", "dark"), ("phone", "light")] if THOROUGH else []
PLACES = ["/admin/", *(f"/admin/{place}/" for place in LISTS + FORMS), f"/sample/{CONTACT}/"]


@pytest.fixture(scope="module")
def sampled(stacks):
    stack = stacks("sqlite")
    stack.manage("loaddata", "sample")
    return stack


@pytest.fixture
def window(browser, signed_in):
    """Opens windows of somebody who is signed in, which must load without an error."""
    problems, opened = [], []

    def open_window(screen="desktop", scheme="light", state=signed_in):
        width, height = SCREENS[screen]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, storage_state=state
        )
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda said: said.type != "error" or problems.append(line_of(said)))
        page.on("pageerror", lambda error: problems.append(str(error)))
        return page

    yield open_window
    for context in opened:
        context.close()
    assert problems == []


@pytest.mark.parametrize(("screen", "scheme"), LOOKS)
def test_pages_can_be_used_by_everyone_and_break_no_policy(sampled, window, screen, scheme):
    refused = len(refused_by_policy(sampled))
    page = window(screen, scheme, state=None)
    page.goto(f"{sampled.url}/admin/login/")
    assert_no_serious_violations(page)
    page, problems = window(screen, scheme), []
    for place in PLACES:
        assert page.goto(sampled.url + place).status == 200
        problems += serious_violations(page)
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        problems += [f"{place} is {wider} px wider than the window"] if wider > 0 else []
    assert problems == []
    assert refused_by_policy(sampled)[refused:] == []


def test_what_a_policy_forbids_is_reported(stack, page):
    """Or the reports would be empty whatever happens."""
    before = len(refused_by_policy(stack))
    page.goto(f"{stack.url}/admin/login/")
    with page.expect_request(f"{stack.url}/csp-report"):
        page.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), {text: '1'}))"
        )
    page.wait_for_load_state("networkidle")
    reports = refused_by_policy(stack)[before:]
    assert reports == ["script-src-elem on admin/login/"]


def test_the_sidebar_opens_on_a_phone_and_closes_by_the_keyboard(sampled, window):
    page = window("phone")
    page.goto(f"{sampled.url}/admin/")
    contacts = page.locator("#sidebar").get_by_role("link", name="Contacts", exact=True)
    expect(contacts).to_be_hidden()
    page.get_by_role("button", name="Menu").press("Enter")
    expect(contacts).to_be_visible()
    assert_no_serious_violations(page)
    page.keyboard.press("Escape")
    expect(contacts).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    contacts.click()
    page.wait_for_url("**/admin/campaigns/contact/")


def test_the_search_finds_campaigns_and_contacts(sampled, window):
    page = window()
    page.goto(f"{sampled.url}/admin/")
    search = page.get_by_role("searchbox")
    search.fill("Spring")
    search.press("Enter")
    expect(page.locator("#result_list")).to_contain_text("Spring newsletter")
    page.get_by_role("searchbox").fill("tilda.summerfield@example.com")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)


def test_openings_are_listed_with_all_their_columns(sampled, window):
    """On a desk all are in sight, whatever they are called; on a phone the table scrolls in its
    box, and not the page."""
    made = sampled.post("/api/campaigns/", {"name": "Wide", "group_names": ["A", "autumn" * 30]})
    *_, group = sampled.all("/api/groups/", campaign=made["id"], ordering="id")
    address = f"{'somebody' * 7}@example.com"
    contact = sampled.post("/api/contacts/", {"group": group["id"], "email": address})
    [pixel] = sampled.all("/api/pixels/", contact=contact["id"])
    get(pixel["url"], headers={"User-Agent": "YahooMailProxy"})  # as long as clients' names are
    sampled.settle()
    for screen, hides in (("desktop", False), ("phone", True)):
        page = window(screen)
        page.goto(f"{sampled.url}/admin/tracking/opening/")
        expect(page.locator("#result_list")).to_contain_text(address)
        hidden = page.locator(".results").evaluate("box => box.scrollWidth - box.clientWidth")
        assert (hidden > 0) is hides, f"{hidden} px are hidden"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_colours_stay_as_chosen(sampled, window):
    page = window(scheme="light")
    page.goto(f"{sampled.url}/admin/")
    by_day = page.evaluate("getComputedStyle(document.body).backgroundColor")
    for _ in range(2):  # auto, light, dark: in which order depends on the system's
        page.locator(".theme-toggle").click()
        if page.locator("html").get_attribute("data-theme") == "dark":
            break
    page.goto(f"{sampled.url}/admin/campaigns/campaign/")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != by_day
