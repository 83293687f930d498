"""Home and the page of a campaign in a browser, which keep themselves up to date. On SQLite alone:
what is shown is tested on both elsewhere."""

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import assert_no_serious_violations, sign_in
from tests.thorough import promised
from tests.wire import THUNDERBIRD, get


@pytest.fixture
def mail(sqlite):
    return sqlite.new_mail(pixels=1)


@pytest.fixture
def address(sqlite, mail) -> str:
    """Of the page of the campaign that the mail is of."""
    contact = sqlite.get(f"/api/contacts/{mail[0]['contact']}/")
    group = sqlite.get(f"/api/groups/{contact['group']}/")
    return f"{sqlite.url}/admin/campaigns/campaign/{group['campaign']}/change/"


def open_mail(mail, agent=THUNDERBIRD):
    get(mail[0]["url"], headers={"User-Agent": agent})


def opened(page: Page):
    return page.locator(".tiles .value").nth(1)


def see(page: Page, address: str):
    sign_in(page, address.replace("/admin/", "/admin/login/?next=/admin/", 1))


def test_an_opening_arrives_while_one_looks(clean, mail, address):
    see(clean, address)
    expect(opened(clean)).to_have_text("0")
    expect(clean.get_by_text("Nothing was opened yet.")).to_be_visible()
    clean.evaluate("window.stillTheSame = true")
    clean.get_by_text("Table").first.click()
    open_mail(mail)
    began = time.monotonic()
    expect(opened(clean)).to_have_text("1")
    promised(time.monotonic() - began, within=2)
    latest = clean.locator(".latest tbody tr")
    expect(latest).to_have_count(1)
    expect(latest).to_contain_text("one@example.com")
    assert clean.evaluate("window.stillTheSame"), "the page was loaded again"
    table = clean.locator("#table-groups")
    expect(table.locator("tbody td").nth(2)).to_have_text("1")
    expect(table).to_have_attribute("open", "")
    focused = clean.get_by_text("Table").nth(1)  # of what has come since
    focused.press("Enter")
    expect(clean.locator("#table-over-time tbody tr")).to_have_count(1)
    open_mail(mail, "Mozilla/5.0")
    expect(latest).to_have_count(2)
    expect(focused).to_be_focused()
    assert_no_serious_violations(clean)


def test_as_long_as_nothing_is_new_nothing_is_sent(page, address):
    answers = []
    see(page, address)
    with page.expect_response("**/live/"):
        page.on("response", lambda reply: answers.append((reply.url, reply.status)))
    for _ in range(2):
        with page.expect_response("**/live/"):
            pass
    live = [status for url, status in answers if url.endswith("/live/")]
    assert 304 in live
    assert live.count(200) <= 1  # a minute may have passed


def test_whoever_comes_back_to_the_page_asks_no_sooner_after_the_last_answer(page, address):
    """Another process may show what it made a second ago: less than what is seen already."""
    see(page, address)
    for _ in range(3):
        with page.expect_response("**/live/"):
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    pauses = page.evaluate("""() => {
        const asked = performance.getEntriesByType("resource").filter(
            ({ name }) => name.endsWith("/live/"));
        return asked.slice(1).map(({ startTime }, place) => startTime - asked[place].responseEnd);
    }""")
    assert pauses
    assert min(pauses) >= 990  # ms


def test_it_says_when_the_connection_is_lost_and_when_it_is_back(page, mail, address):
    see(page, address)
    says = page.get_by_role("status")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.context.set_offline(True)
    expect(says).to_have_text("The connection is lost. Trying again …")
    expect(page.get_by_text("Live", exact=True)).to_be_hidden()
    open_mail(mail)
    page.context.set_offline(False)
    expect(says).to_have_text("The connection is back.")
    expect(opened(page)).to_have_text("1")
    expect(says).to_have_text("")
    page.route("**/live/", lambda route: route.fulfill(status=503))
    expect(says).to_have_text("PixelTrack can’t answer. Trying again …")  # noqa: RUF001


def test_the_choice_of_raw_or_verified_goes_along(clean, sqlite, address):
    see(clean, address)
    clean.get_by_role("link", name="Raw").click()
    expect(clean.get_by_role("link", name="Raw")).to_have_attribute("aria-current", "true")
    assert clean.url == address
    clean.get_by_role("link", name="Home").first.click()
    expect(clean.get_by_role("link", name="Raw")).to_have_attribute("aria-current", "true")


def test_the_settings_open_from_the_top_of_the_page(clean, address):
    see(clean, address)
    name = clean.locator("#id_name")
    expect(name).to_be_hidden()
    clean.get_by_role("link", name="Settings and groups").press("Enter")
    expect(name).to_be_visible()
    name.fill(f"{name.input_value()}, renamed")
    clean.get_by_role("button", name="Save and continue editing").click()
    expect(clean.locator("h1")).to_contain_text("renamed")


def test_home_counts_the_openings_of_the_last_minute(clean, sqlite, mail):
    see(clean, f"{sqlite.url}/admin/")
    now = clean.locator(".now dd").first
    before = int(now.inner_text().replace(",", ""))
    open_mail(mail)
    expect(now).not_to_have_text(str(before))
    assert_no_serious_violations(clean)
