"""Staff in a real browser: the browsable API, the documentation, the admin."""

import time

import httpx
from playwright.sync_api import expect

from tests.browsing import sign_in
from tests.services import wait_until
from tests.stack import ADMIN
from tests.thorough import promised
from tests.wire import THUNDERBIRD, get


def test_a_campaign_is_made_by_the_form_of_the_browsable_api(stack, clean, request):
    name = f"Made by hand, {request.node.name}"
    sign_in(clean, f"{stack.url}/api-auth/login/?next=/api/campaigns/")
    form = clean.locator("form[enctype='multipart/form-data']")
    form.locator("input[name=name]").fill(name)
    form.locator("input[name=pixels_per_contact]").fill("3")
    form.get_by_role("button", name="POST").click()
    expect(clean.locator(".response-info")).to_contain_text("HTTP 201 Created")

    [campaign] = stack.all("/api/campaigns/", search=name)
    assert campaign["name"] == name
    assert campaign["pixels_per_contact"] == 3
    assert len(stack.all("/api/groups/", campaign=campaign["id"])) == 1


def test_every_list_of_the_api_opens_in_the_browser(stack, clean):
    sign_in(clean, f"{stack.url}/api-auth/login/?next=/api/")
    lists = stack.get("/api/")
    assert {"campaigns", "groups", "contacts", "pixels", "openings"} <= lists.keys()
    for address in lists.values():
        clean.goto(address)
        expect(clean.locator(".response-info")).to_contain_text("HTTP 200 OK")


def test_a_wrong_password_signs_nobody_in(stack, page):
    page.goto(f"{stack.url}/api-auth/login/?next=/api/campaigns/")
    page.locator("input[name=username]").fill(ADMIN)
    page.locator("input[name=password]").fill("wrong")
    page.locator("input[name=password]").press("Enter")
    expect(page.get_by_text("correct username and password")).to_be_visible()
    assert page.goto(f"{stack.url}/api/campaigns/").status in (401, 403)


def test_swagger_ui_shows_the_operations(stack, clean):
    clean.goto(f"{stack.url}/docs")
    operation = clean.locator(".opblock", has_text="/api/campaigns/").first
    expect(operation).to_be_visible()
    operation.locator(".opblock-summary").click()
    expect(operation.get_by_text("pixels_per_contact").first).to_be_visible()


def test_redoc_shows_the_operations(stack, page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: asked.remove(request.url))  # refused by the page
    page.goto(f"{stack.url}/redoc")
    expect(page.get_by_role("heading", name="PixelTrack").first).to_be_visible()
    expect(page.get_by_text("pixels_per_contact").filter(visible=True).first).to_be_visible()
    elsewhere = [url for url in asked if not url.startswith((stack.url, "data:", "blob:"))]
    assert elsewhere == [], "its fonts and its logo come from here or not at all"


def test_the_admin_shows_an_opening_within_a_second(stack, clean):
    sign_in(clean, f"{stack.url}/admin/login/?next=/admin/")
    [pixel] = stack.new_mail(pixels=1)
    [cookie] = [each for each in clean.context.cookies() if each["name"] == "sessionid"]
    with httpx.Client(trust_env=False, timeout=60, cookies={"sessionid": cookie["value"]}) as staff:
        opening = f"{stack.url}/admin/tracking/opening/"
        before = staff.get(opening).text
        get(pixel["url"], headers={"User-Agent": THUNDERBIRD})
        replied_at = time.monotonic()
        wait_until(
            lambda: newest_row(staff.get(opening).text) != newest_row(before),
            what="the admin shows the opening",
        )
        promised(time.monotonic() - replied_at, within=1)
    [seen] = stack.openings(pixel=pixel["id"])
    clean.goto(f"{opening}{seen['id']}/change/")
    expect(clean.locator("#content")).to_contain_text(THUNDERBIRD)
    clean.goto(opening)
    expect(clean.locator("#result_list tbody tr").first).to_contain_text("one@example.com")


def newest_row(html: str) -> str:
    return html.partition('id="result_list"')[2].partition("<tbody>")[2].partition("</tr>")[0]
