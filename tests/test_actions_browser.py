"""What can be done with a campaign from its page, in a browser. On SQLite alone: what is stored is
tested on both elsewhere."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import assert_no_serious_violations, sign_in
from tests.wire import THUNDERBIRD, get

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def campaign(sqlite, request) -> dict:
    """With two groups of a contact each, of whom one has opened."""
    names = getattr(request, "param", ["A", "B"])
    made = sqlite.post("/api/campaigns/", {"name": request.node.originalname, "group_names": names})
    groups = sqlite.get(f"/api/groups/?campaign={made['id']}&ordering=id")["results"]
    for group, name in zip(groups, ("ada", "bob"), strict=True):
        contact = {"group": group["id"], "email": f"{name}@example.com"}
        made[name] = sqlite.post("/api/contacts/", contact)
    pixel = sqlite.get(f"/api/pixels/?contact={made['ada']['id']}")["results"][0]
    get(pixel["url"], headers={"User-Agent": THUNDERBIRD})
    sqlite.settle()
    return made


@pytest.fixture
def seen(clean, sqlite, campaign) -> Page:
    """The campaign's page, before the eyes of somebody."""
    where = f"/admin/campaigns/campaign/{campaign['id']}/change/"
    sign_in(clean, f"{sqlite.url}/admin/login/?next={where}")
    return clean


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def tab_to(page: Page, name: str):
    """By the keyboard alone."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()").startswith(name):
            return
    raise AssertionError(f"The Tab key does not come to {name}.")


def test_openers_are_exported(seen):
    seen.get_by_role("link", name="Export", exact=True).click()
    expect(seen.get_by_role("radio").first).to_be_checked()
    assert_no_serious_violations(seen)
    with seen.expect_download() as begun:
        seen.get_by_role("button", name="Download").click()
    file = begun.value
    assert file.suggested_filename.endswith("-openers.csv")
    with Path(file.path()).open(encoding="utf-8-sig", newline="") as text:
        assert [row["email"] for row in csv.DictReader(text)] == ["ada@example.com"]


def test_the_winner_is_decided(seen):
    seen.get_by_role("link", name="Decide", exact=True).click()
    expect(seen.get_by_text("Too early to tell “B” from “A”")).to_be_visible()
    assert_no_serious_violations(seen)
    seen.get_by_role("button", name="Decide", exact=True).click()
    expect(seen.get_by_text("This field is required.")).to_be_visible()
    seen.get_by_role("radio", name="B", exact=True).check()
    seen.get_by_label("Remark").fill("it is bolder")
    seen.get_by_role("button", name="Decide", exact=True).click()
    expect(seen.get_by_text("“B” was chosen by")).to_contain_text("“it is bolder”")


def test_it_is_closed_after_a_question_by_the_keyboard_alone(seen):
    tab_to(seen, "More")
    seen.keyboard.press("Enter")
    tab_to(seen, "Close")
    seen.keyboard.press("Enter")
    expect(seen.get_by_text("These openings are lost")).to_be_visible()
    assert_no_serious_violations(seen)
    seen.get_by_role("button", name="Yes, close it").press("Enter")
    expect(seen.get_by_text("The campaign is closed: pixels answer").first).to_be_visible()
    seen.get_by_text("More", exact=True).press("Enter")
    expect(seen.get_by_role("link", name="Close …")).to_have_count(0)
    seen.get_by_role("link", name="Reopen …").click()
    seen.get_by_role("button", name="Yes, reopen it").click()
    expect(seen.get_by_text("It counts again, from now on.")).to_be_visible()


def test_it_is_duplicated_on_a_phone(seen, campaign):
    seen.set_viewport_size(PHONE)
    assert fits(seen)
    seen.get_by_text("More", exact=True).click()
    assert fits(seen)
    assert_no_serious_violations(seen)
    seen.get_by_role("link", name="Duplicate …").click()
    expect(seen.get_by_role("textbox", name="Name:")).to_have_value(f"{campaign['name']} (copy)")
    assert fits(seen)
    assert_no_serious_violations(seen)
    seen.get_by_role("button", name="Make it").click()
    expect(seen.get_by_role("heading", level=1)).to_have_text(f"{campaign['name']} (copy)")
    expect(seen.get_by_text("It has no contacts yet.")).to_be_visible()


@pytest.mark.parametrize("campaign", [["autumn" * 30, "winter" * 30]], indirect=True, ids=["long"])
def test_long_names_of_groups_fit_a_phone(seen):
    seen.set_viewport_size(PHONE)
    expect(seen.locator(".legend").first).to_be_visible()
    assert fits(seen)
    seen.get_by_role("link", name="Decide", exact=True).click()
    expect(seen.get_by_role("radio")).to_have_count(2)
    assert fits(seen)


def test_several_are_asked_about_on_a_phone(seen, sqlite, campaign):
    seen.set_viewport_size(PHONE)
    long = sqlite.post("/api/campaigns/", {"name": f"{campaign['name']} {'autumn' * 20}"})
    seen.goto(f"{sqlite.url}/admin/campaigns/campaign/?q={campaign['name']}")
    for name in (campaign["name"], long["name"]):
        row = seen.get_by_role("row").filter(has=seen.get_by_role("link", name=name, exact=True))
        row.get_by_role("checkbox").check()
    seen.get_by_label("Action:").select_option("Close selected campaigns")
    seen.get_by_role("button", name="Go").click()
    expect(seen.get_by_role("heading", level=1)).to_have_text("Close these campaigns?")
    assert fits(seen)
    assert_no_serious_violations(seen)
    seen.get_by_role("button", name="Yes, close them").click()
    expect(seen.get_by_text("Close: 2 of 2 selected campaigns.")).to_be_visible()
    for name in (campaign["name"], long["name"]):
        [found] = [c for c in sqlite.all("/api/campaigns/") if c["name"] == name]
        assert found["closed_at"]
