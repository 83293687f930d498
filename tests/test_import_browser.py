"""Contacts are imported in the admin, by a person with a browser and a real worker and beat.

On SQLite alone: what imports do to a database is tested on both elsewhere.
"""

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import sign_in
from tests.stack import WORKER

ROWS, WRONG = 3_000, (17, 1_204, 2_999)
ENDED = 120_000  # ms; long enough for any machine


@pytest.fixture
def campaign(sqlite, request) -> int:
    return sqlite.post("/api/campaigns/", {"name": request.node.name})["id"]


def people() -> str:
    """A list as a CRM gives it: some rows are wrong."""
    lines = ["E-Mail;Name;City"]
    for number in range(1, ROWS + 1):
        at = " at " if number in WRONG else "@"
        lines.append(f"contact-{number}{at}example.com;Zoë {number};Córdoba")
    return "\r\n".join(lines)


def send(page: Page, name: str, content: str, button="Import"):
    """Choose the file on the page that sends one, and send it."""
    file = {"name": name, "mimeType": "text/csv", "buffer": content.encode()}
    page.locator("input[name=file]").set_input_files(file)
    page.get_by_role("button", name=button, exact=True).click()
    page.wait_for_url(re.compile(r"/contactimport/\d+/change/"))


def figure(page: Page, label: str):
    return page.locator(f"[data-figure='{label}']")


def test_a_person_mends_what_was_rejected_and_sends_it_again(
    sqlite, celery, points, campaign, clean
):
    celery(sqlite, "import-beat", "pixeltrack", "beat", "--loglevel", "warning")
    celery(sqlite, "import-worker", "tests.faults.importer_at_rest", *WORKER.split())
    its_page = f"/admin/campaigns/campaign/{campaign}/change/"
    sign_in(clean, f"{sqlite.url}/admin/login/?next={its_page}")
    clean.get_by_role("link", name="Import contacts").first.click()

    with points.held("import-after-chunk"):
        send(clean, "people.csv", people())
        clean.evaluate("window.stillTheSame = true")
        points.wait_until_reached("import-after-chunk")
        bar = clean.locator("progress")
        expect(figure(clean, "rows seen")).to_have_text("500")
        expect(clean.get_by_role("status")).to_contain_text("Running")
        assert 0 < bar.evaluate("bar => bar.value") < 100
    expect(bar).to_have_js_property("value", 100, timeout=ENDED)
    expect(clean.get_by_role("status")).to_contain_text("Done")
    expect(figure(clean, "created")).to_have_text(f"{ROWS - len(WRONG):,}")
    expect(figure(clean, "rejected")).to_have_text(str(len(WRONG)))
    expect(clean.locator(".import-rows tbody tr")).to_have_count(len(WRONG))
    expect(clean.get_by_role("button", name="Pause")).to_have_count(0)
    expect(clean.locator(".field-finished_at .readonly")).not_to_have_text("-")
    expect(clean.get_by_role("link", name="Delete", exact=True)).to_be_visible()
    assert clean.evaluate("window.stillTheSame"), "the page was loaded again"

    with clean.expect_download() as download:
        clean.get_by_role("link", name="with line and reason").click()
    rejected = Path(download.value.path()).read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(rejected, newline="")))
    assert [int(row["rejected_line"]) for row in rows] == [number + 1 for number in WRONG]
    assert all(row["rejected_because"] for row in rows)

    clean.goto(sqlite.url + its_page)
    clean.get_by_role("link", name="Import contacts").first.click()
    send(clean, "mended.csv", rejected.replace(" at ", "@"))
    expect(clean.get_by_role("status")).to_contain_text("Done", timeout=ENDED)
    expect(figure(clean, "created")).to_have_text(str(len(WRONG)))
    expect(figure(clean, "rejected")).to_have_text("0")
    contacts = sqlite.all("/api/contacts/", campaign=campaign)
    assert {contact["email"] for contact in contacts} == {
        f"contact-{number}@example.com" for number in range(1, ROWS + 1)
    }
    [mended] = [row for row in contacts if row["email"] == f"contact-{WRONG[0]}@example.com"]
    assert (mended["name"], mended["extra"]) == (f"Zoë {WRONG[0]}", {"City": "Córdoba"})
    for listed in ("contactimport", "reportedrow"):
        assert hidden_on_a_phone(clean, f"{sqlite.url}/admin/campaigns/{listed}/") <= 0


def hidden_on_a_phone(page: Page, address: str) -> int:
    """How many pixels of a list can't be seen without moving it sideways."""
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(address)
    expect(page.locator("#result_list tbody tr").first).to_be_visible()
    return page.locator(".results").evaluate("list => list.scrollWidth - list.clientWidth")


@pytest.fixture
def waiting(sqlite, campaign) -> str:
    """The page of an import that waits for ever."""
    rows = {"contacts": [{"email": "ada@example.com"}], "run_at": "2999-12-31T00:00:00Z"}
    job = sqlite.post("/api/imports/", {"campaign": campaign} | rows)
    return f"/admin/campaigns/contactimport/{job['id']}/change/"


def test_the_page_goes_on_by_itself_when_the_connection_is_back(sqlite, waiting, page):
    sign_in(page, f"{sqlite.url}/admin/login/?next={waiting}")
    says = page.get_by_role("status")
    expect(says).to_contain_text("Waiting until 2999-12-31")
    page.context.set_offline(True)
    expect(says).to_have_text("The connection is lost. Trying again …")
    page.context.set_offline(False)
    expect(says).to_contain_text("Waiting until 2999-12-31")

    elsewhere = page.context.new_page()
    elsewhere.goto(sqlite.url + waiting)
    elsewhere.get_by_role("button", name="Pause").click()
    expect(says).to_have_text("Paused.")
    page.get_by_role("button", name="Resume").click()
    expect(says).to_contain_text("Waiting until 2999-12-31")

    page.context.clear_cookies()
    expect(says).to_have_text("This page is out of date. Reload it.")


def test_an_import_that_has_ended_is_asked_for_no_more(sqlite, waiting, page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.install()
    sign_in(page, f"{sqlite.url}/admin/login/?next={waiting}")
    expect(page.get_by_role("status")).to_contain_text("Waiting until 2999-12-31")
    [job] = re.findall(r"\d+", waiting)
    sqlite.post(f"/api/imports/{job}/cancel/", None)
    page.clock.fast_forward(5_000)
    expect(page.get_by_role("button", name="Retry")).to_be_visible()
    assert any("/progress/" in url for url in asked)
    asked.clear()
    page.clock.fast_forward(60_000)
    page.evaluate("fetch('/healthz')")
    assert asked == [f"{sqlite.url}/healthz"]


def test_without_scripts_the_page_is_a_snapshot_with_its_buttons(sqlite, waiting, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, f"{sqlite.url}/admin/login/?next={waiting}")
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.get_by_role("status")).to_contain_text("Cancelled.")
    expect(page.get_by_role("button", name="Retry")).to_be_visible()
    context.close()
