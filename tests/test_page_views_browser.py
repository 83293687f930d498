"""The pages of page views in the admin, which keep themselves up to date.

On SQLite alone: what the figures are is tested on both elsewhere.
"""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import sign_in

LIST = "/admin/tracking/page/"
# What a browser does when its window is covered, or its tab another one.
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def home(request) -> str:
    """The page_id of a page that no other test views."""
    return f"home of {request.node.name}"


def view(stack, page_id: str, *users: str):
    stack.post("/track", [{"page_id": page_id, "user_id": user} for user in users])
    stack.settle()


def row_of(page: Page, page_id: str):
    return page.locator("#result_list tbody tr").filter(has_text=page_id)


def test_the_list_shows_a_new_view_without_a_reload(sqlite, clean, home):
    view(sqlite, home, "ada", "ada", "bob")
    sign_in(clean, f"{sqlite.url}/admin/login/?next={LIST}")
    row = row_of(clean, home)
    expect(row.locator(".field-views")).to_have_text("3")
    expect(row.locator(".field-visitors")).to_have_text("2")
    expect(row.get_by_role("img")).to_have_accessible_name(re.compile("The last 24 hours: most "))
    clean.evaluate("window.stillTheSame = true")
    row.get_by_role("link").focus()

    view(sqlite, home, "eve")
    expect(row.locator(".field-views")).to_have_text("4")
    expect(row.locator(".field-visitors")).to_have_text("3")
    expect(row.locator(".field-late_views")).to_have_text("4")
    view(sqlite, f"{home}, too", "eve")
    expect(row_of(clean, f"{home}, too")).to_be_visible()
    assert clean.evaluate("window.stillTheSame"), "the page was loaded again"

    row.first.get_by_role("link").click()
    totals = clean.locator(".views-figures dd")
    expect(totals.first).to_have_text("4")
    view(sqlite, home, "ada")
    expect(totals.first).to_have_text("5")
    expect(clean.locator(".views-table tbody tr")).not_to_have_count(0)


def test_it_asks_for_nothing_while_nobody_looks(sqlite, page):
    asked = []
    page.clock.install()
    sign_in(page, f"{sqlite.url}/admin/login/?next={LIST}")
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(HIDE, True)
    page.clock.fast_forward(60_000)
    page.evaluate("fetch('/healthz')")
    assert asked == [f"{sqlite.url}/healthz"]
    with page.expect_response(sqlite.url + LIST):
        page.evaluate(HIDE, False)


def test_it_says_so_where_the_figures_are_not_those_of_now(sqlite, page):
    sign_in(page, f"{sqlite.url}/admin/login/?next={LIST}")
    says = page.get_by_role("status")
    page.context.set_offline(True)
    expect(says).to_have_text("The connection is lost. Trying again …")
    page.context.set_offline(False)
    expect(says).to_have_text("")
    page.context.clear_cookies()
    expect(says).to_have_text("This page is out of date. Reload it.")


def test_without_scripts_it_is_a_snapshot(sqlite, browser, home):
    view(sqlite, home, "ada")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, f"{sqlite.url}/admin/login/?next={LIST}")
    expect(row_of(page, home).locator(".field-views")).to_have_text("1")
    context.close()
