"""What people do in a browser."""

from playwright.sync_api import ConsoleMessage, Page

from tests.stack import ADMIN, PASSWORD


def sign_in(page: Page, address: str):
    page.goto(address)
    page.locator("input[name=username]").fill(ADMIN)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)


def line_of(said: ConsoleMessage) -> str:
    return f"{said.text} ({said.location['url']})"
