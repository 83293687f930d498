"""The page of a contact in a browser: what is copied, and that looking at a preview never counts.
On SQLite alone: what is shown is tested on both elsewhere."""

import pytest
from playwright.sync_api import expect

from tests.browsing import assert_no_serious_violations, refused_by_policy
from tests.wire import THUNDERBIRD, get


@pytest.fixture
def pixels(sqlite):
    return sqlite.new_mail(pixels=2)


@pytest.fixture
def page(browser, signed_in):
    """Of somebody who is signed in."""
    with browser.new_context(storage_state=signed_in) as context:
        yield context.new_page()


def see(page, sqlite, pixels):
    page.goto(f"{sqlite.url}/admin/campaigns/contact/{pixels[0]['contact']}/change/")


def test_a_preview_never_counts(sqlite, page, pixels):
    """Whatever the mail tries; the proof is what is recorded until a real opening is."""
    top, bottom = pixels
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: asked.remove(request.url))  # refused by the policy
    see(page, sqlite, pixels)
    page.get_by_role("link", name="Preview (never counts)").click()
    mail = page.frame_locator("iframe.preview")
    expect(mail.get_by_text("pixel 1", exact=True)).to_be_visible()
    expect(mail.get_by_role("heading", level=1)).to_have_css("font-weight", "600")  # our style
    assert_no_serious_violations(page)
    mail.get_by_role("link", name="See what is in season").click()
    page.get_by_label("HTML of a mail").fill(
        f"""<html><head><meta http-equiv="refresh" content="0; url={top["url"]}">
        <link rel="stylesheet" href="{top["url"]}"><style>@import url("{top["url"]}");
        p {{ background: url("{top["url"]}"); color: rgb(1, 2, 3) }}</style></head>
        <body><p>A mail of mine</p>{bottom["html"]}<picture><source srcset="{top["url"]}">
        <img src="data:,"></picture><script>fetch("{top["url"]}")</script>
        <iframe src="{top["url"]}"></iframe><a href="{top["url"]}">A link</a>
        <a target="_self" href="{top["url"]}">A link to itself</a></body></html>"""
    )
    page.get_by_role("button", name="Preview it").click()
    expect(mail.get_by_text("A mail of mine")).to_have_css("color", "rgb(1, 2, 3)")
    expect(mail.get_by_text("pixel 2", exact=True)).to_be_visible()
    mail.get_by_role("link", name="A link", exact=True).click()
    mail.get_by_role("link", name="A link to itself").click()
    page.get_by_role("link", name="Show the sample again").click()
    expect(mail.get_by_text("See what is in season")).to_be_visible()
    assert "frame-src on admin/campaigns/contact/<int:contact_id>/preview/" in refused_by_policy(
        sqlite
    )
    assert [url for url in asked if "/p/" in url] == []
    get(top["url"], headers={"User-Agent": THUNDERBIRD})
    sqlite.settle()
    [opening] = sqlite.openings(contact=top["contact"])
    assert (opening["pixel"], opening["client"]) == (top["id"], "Thunderbird")


def test_an_opening_is_in_the_timeline_with_its_reason(sqlite, page, pixels):
    refused = len(refused_by_policy(sqlite))
    get(pixels[1]["url"], headers={"User-Agent": THUNDERBIRD})
    sqlite.settle()
    see(page, sqlite, pixels)
    first = page.locator(".timeline .days ol li").first
    expect(first).to_contain_text("Human A mail program or browser fetched it")
    expect(first).to_contain_text("Pixel 2 (bottom) · Thunderbird")
    assert_no_serious_violations(page)
    assert refused_by_policy(sqlite)[refused:] == []


def test_addresses_and_html_are_copied_by_a_button(sqlite, page, pixels):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    see(page, sqlite, pixels)
    copy = page.get_by_role("button", name="Copy the HTML of pixel 2")
    copy.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith('<img src="')
    assert copied.endswith('width="1" height="1" alt="" style="border:0;width:1px;height:1px">')


def test_without_a_clipboard_the_text_is_selected(sqlite, page, pixels):
    """As on pages without TLS."""
    page.add_init_script("delete Navigator.prototype.clipboard")
    see(page, sqlite, pixels)
    page.get_by_role("button", name="Copy the address of pixel 1").click()
    expect(page.get_by_role("status").filter(has_text="Selected: copy it now")).to_be_visible()
    selected = page.evaluate("getSelection().toString()")
    assert selected.strip().startswith(f"{sqlite.url}/p/")
    assert selected.strip().endswith(".gif")


def test_on_a_phone_the_domain_of_a_long_address_stays_whole(sqlite, page, pixels):
    group = sqlite.get(f"/api/contacts/{pixels[0]['contact']}/")["group"]
    contact = {"group": group, "email": "ada.king.lovelace@example.com"}
    made = sqlite.post("/api/contacts/", contact)
    page.set_viewport_size({"width": 390, "height": 844})
    see(page, sqlite, [{"contact": made["id"]}])
    heading = page.get_by_role("heading", level=1, name=contact["email"], exact=True)
    assert heading.evaluate(LINES) == ["ada.king.lovelace", "@example.com"]


LINES = """heading => {
  const lines = new Map(), walker = document.createTreeWalker(heading, NodeFilter.SHOW_TEXT);
  for (let text; (text = walker.nextNode()); )
    for (let at = 0; at < text.length; at++) {
      const range = document.createRange();
      range.setStart(text, at);
      range.setEnd(text, at + 1);
      const { top } = range.getBoundingClientRect();
      lines.set(top, (lines.get(top) ?? "") + text.data[at]);
    }
  return [...lines.values()];
}"""
