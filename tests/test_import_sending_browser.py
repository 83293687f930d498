"""The page that sends a file of contacts, used by a person: a file that is dropped on it is looked
at before it is sent.

On SQLite alone: what imports do to a database is tested on both elsewhere.
"""

import base64
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browsing import assert_no_serious_violations, line_of, refused_by_policy
from tests.screenshots import SCREENS
from tests.stack import WORKER

PATH = "/admin/campaigns/contactimport/add/"
PEOPLE = "E-Mail;Name;City\r\nada@example.com;Zoë;Córdoba\r\nbob at example.com;Bob;\r\n"
DROP = """([content, names]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  for (const name of names) transfer.items.add(new File([bytes], name));
  return transfer;
}"""


@pytest.fixture
def context(browser, signed_in):
    with browser.new_context(storage_state=signed_in) as context:
        yield context


@pytest.fixture
def window(context):
    """A page of somebody who is signed in, in which nothing may fail."""
    problems, page = [], context.new_page()
    page.on("console", lambda said: said.type != "error" or problems.append(line_of(said)))
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    assert problems == []


@pytest.fixture
def campaign(sqlite, request):
    """One with two groups. What was sent for it and waits is left to no worker of other tests."""
    fields = {"name": request.node.name, "group_names": ["A", "B"]}
    campaign = sqlite.post("/api/campaigns/", fields)["id"]
    yield campaign
    for job in sqlite.all("/api/imports/", campaign=campaign):
        if job["state"] == "waiting":
            sqlite.post(f"/api/imports/{job['id']}/cancel/", None)


def choose(page: Page, content: str | bytes, name="people.csv"):
    content = content.encode() if isinstance(content, str) else content
    file = {"name": name, "mimeType": "text/csv", "buffer": content}
    page.locator("#id_file").set_input_files(file)


def drop(page: Page, target: str, content: str, *names: str):
    """As the browser does when files are dragged there from the desktop."""
    given = [base64.b64encode(content.encode()).decode(), names]
    transfer = page.evaluate_handle(DROP, given)
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event(target, event, {"dataTransfer": transfer})


def pick(page: Page, field: str, text: str):
    """By the keyboard, in one of the boxes that find rows."""
    page.get_by_role("combobox", name=re.compile(f"^{field}")).press("Enter")
    page.locator(".select2-search__field").fill(text)
    expect(page.locator(".select2-results__option--highlighted")).to_contain_text(text)
    page.keyboard.press("Enter")


def rows(page: Page) -> Locator:
    return page.locator(".first-rows tbody tr")


def test_a_file_is_dropped_looked_at_tried_and_taken_in(sqlite, celery, campaign, window):
    celery(sqlite, "sending-beat", "pixeltrack", "beat", "--loglevel", "warning")
    celery(sqlite, "sending-worker", "pixeltrack", *WORKER.split())
    window.goto(f"{sqlite.url}{PATH}?campaign={campaign}")
    drop(window, ".field-campaign", PEOPLE, "elsewhere.csv")
    expect(window.locator(".file-chosen")).to_have_text("")
    drop(window, ".field-file", PEOPLE, "one.csv", "two.csv")
    expect(window.get_by_role("alert")).to_have_text("Drop one file at a time.")
    drop(window, ".field-file", PEOPLE, "people.csv")
    expect(window.get_by_role("alert")).to_have_count(0)
    expect(window.locator(".file-chosen")).to_contain_text(re.compile(r"people\.csv, \d\d bytes"))
    expect(window.locator(".file-columns")).to_contain_text("from the column “E-Mail”")
    expect(window.locator(".file-columns")).to_contain_text("kept with the contact")
    expect(rows(window)).to_have_count(2)
    expect(rows(window).first).to_contain_text("Name the group: the campaign has several.")
    pick(window, "Group", "B")
    expect(rows(window).first).to_contain_text("new contact")
    expect(rows(window).last).to_contain_text("E-Mail: There is no")
    expect(window.locator(".file-chosen")).to_contain_text("1 new, 1 rejected.")

    window.get_by_role("button", name="Try it (dry run)").click()
    window.wait_for_url("**/change/")
    expect(window.locator(".messagelist")).to_contain_text("The file was sent.")
    said = window.locator("#import-progress").get_by_role("status")
    expect(said).to_have_text("Done. It was a dry run: nothing was taken in.")
    expect(window.locator(".import-rows tbody tr")).to_have_count(1)
    assert sqlite.all("/api/contacts/", campaign=campaign) == []
    window.get_by_role("button", name="Run for real").click()
    expect(said).to_have_text("Done: all rows were seen.")
    [contact] = sqlite.all("/api/contacts/", campaign=campaign)
    assert (contact["email"], contact["extra"]) == ("ada@example.com", {"City": "Córdoba"})


def test_what_cannot_be_right_is_refused_at_once_and_not_sent(sqlite, campaign, window):
    sent = []
    window.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    window.goto(f"{sqlite.url}{PATH}?campaign={campaign}")
    choose(window, "name,city\nAda,Paris\n")
    error = window.locator(".field-file .errorlist")
    expect(error).to_have_text(
        "The file has no column called email. Rename the one that has the addresses. "
        "It has: name, city."
    )
    assert_no_serious_violations(window)
    window.get_by_role("button", name="Import", exact=True).click()
    expect(window.locator("#id_file")).to_be_focused()
    assert sent == [f"{sqlite.url}/admin/campaigns/contactimport/first-rows/"]
    choose(window, PEOPLE)
    expect(rows(window)).to_have_count(2)
    expect(error).to_have_count(0)


def test_what_is_too_large_is_refused_without_being_sent(sqlite, window):
    window.goto(sqlite.url + PATH)
    sent = []
    window.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    # As if a gigabyte had been chosen: to make one here would take its time.
    window.evaluate("Object.defineProperty(File.prototype, 'size', {get: () => 1.5 * 1024 ** 3})")
    choose(window, PEOPLE)
    expect(window.locator(".field-file .errorlist")).to_contain_text("The file is larger than")
    expect(window.locator(".file-chosen")).to_have_text("people.csv, 1.5 GB")
    assert sent == []


def test_errors_are_shown_without_losing_the_file_by_keyboard_alone(sqlite, campaign, window):
    """The file itself is chosen in a window of the system, which no test can use."""
    window.goto(sqlite.url + PATH)
    choose(window, PEOPLE)
    expect(rows(window).first).to_contain_text("not known yet")
    window.get_by_role("button", name="Import", exact=True).press("Enter")
    error = window.locator(".field-campaign .errorlist")
    expect(error).to_have_text("This field is required.")
    pick(window, "Campaign", "test_errors_are_shown")
    expect(error).to_have_count(0)
    expect(rows(window).first).to_contain_text("Name the group")
    pick(window, "Group", "A")
    expect(rows(window).first).to_contain_text("new contact")
    window.get_by_role("button", name="Import", exact=True).press("Enter")
    window.wait_for_url("**/change/")
    expect(window.locator(".field-group .readonly")).to_contain_text("A")


def test_only_the_groups_of_the_campaign_are_offered(sqlite, campaign, window):
    other = sqlite.post("/api/campaigns/", {"name": "Another", "group_names": ["A", "C"]})["id"]
    window.goto(f"{sqlite.url}{PATH}?campaign={campaign}")
    options = window.locator(".select2-results__option[role=option]")
    group = window.get_by_role("combobox", name=re.compile("^Group"))
    group.press("Enter")
    expect(options).to_have_text([re.compile("· A$"), re.compile("· B$")])
    window.keyboard.press("Enter")
    expect(group).to_contain_text("· A")
    pick(window, "Campaign", "Another")
    expect(group).not_to_contain_text("· A")
    assert window.locator("#id_campaign").input_value() == str(other)
    group.press("Enter")
    expect(options).to_have_text(["Another · A", "Another · C"])


def test_how_far_a_large_file_is_sent_is_shown_and_it_can_be_stopped(sqlite, campaign, window):
    window.goto(f"{sqlite.url}{PATH}?campaign={campaign}")
    choose(window, "email\n" + "ada@example.com\n" * 10)
    expect(rows(window)).to_have_count(10)
    window.route(f"**{PATH}**", lambda route: None)  # it is never answered
    window.clock.install()
    send = window.get_by_role("button", name="Try it (dry run)")
    send.click()
    bar = window.get_by_role("progressbar", name="Sent of the file")
    expect(bar).to_be_hidden()
    window.clock.fast_forward(1_100)
    expect(bar).to_be_visible()
    assert_no_serious_violations(window)
    expect(send).to_be_disabled()
    window.get_by_role("button", name="Stop").click()
    expect(bar).to_be_hidden()
    window.unroute(f"**{PATH}**")
    send.click()
    window.wait_for_url("**/change/")


@pytest.mark.parametrize(("screen", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_first_rows_can_be_used_by_everyone(sqlite, campaign, window, screen, scheme):
    refused = len(refused_by_policy(sqlite))
    width, height = SCREENS[screen]
    window.set_viewport_size({"width": width, "height": height})
    window.emulate_media(color_scheme=scheme)
    window.goto(f"{sqlite.url}{PATH}?campaign={campaign}")
    wide = ";".join(f"A column with a name {number}" for number in range(30))
    choose(window, f"email;{wide}\nada@example.com;{'x' * 150}\nwrong\n")
    expect(rows(window)).to_have_count(2)
    assert_no_serious_violations(window)
    assert window.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert refused_by_policy(sqlite)[refused:] == []


def test_without_scripts_the_form_sends_as_ever(browser, signed_in, sqlite, campaign):
    with browser.new_context(storage_state=signed_in, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{sqlite.url}{PATH}?campaign={campaign}")
        choose(page, "name\nAda\n")
        page.get_by_role("button", name="Try it (dry run)").click()
        expect(page.locator(".field-file .errorlist")).to_contain_text("no column called email")
        choose(page, PEOPLE)
        page.get_by_role("button", name="Try it (dry run)").click()
        expect(page.get_by_role("status")).to_contain_text("Waiting for a worker.")
        expect(page.locator(".field-dry_run .readonly img")).to_have_attribute("alt", "True")
