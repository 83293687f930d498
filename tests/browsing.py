"""What people do in a browser."""

import os
import re
import shutil

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright

from tests.stack import ADMIN, PASSWORD, Stack

# The first of them draws no window around a page, which takes the others most of their time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def find_browser() -> str:
    if path := next(filter(None, map(shutil.which, BROWSERS)), None):
        return path
    raise SystemExit("This needs Chromium. On Debian: apt install chromium")


def start_browser(playwright: Playwright, path: str) -> Browser:
    # Chromium's own sandbox refuses to run as root.
    flags = ["--no-sandbox"] if os.getuid() == 0 else []
    return playwright.chromium.launch(executable_path=path, args=flags)


def sign_in(page: Page, address: str, user=ADMIN):
    page.goto(address)
    page.locator("input[name=username]").fill(user)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)


def line_of(said: ConsoleMessage) -> str:
    return f"{said.text} ({said.location['url']})"


def assert_no_serious_violations(page: Page):
    found = serious_violations(page)
    assert not found, found


def serious_violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical on the page: contrast, names, roles, labels."""
    # Without what it would fetch and write into the page as styles, which the policy refuses.
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [
        f"{page.url} {each['id']}: {node['html'][:200]} {node['failureSummary']}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def refused_by_policy(stack: Stack) -> list[str]:
    """What browsers have reported so far that a Content-Security-Policy of the stack made them
    refuse: "script-src-elem on admin/login/"."""
    return re.findall("a browser refused (.*)", stack.logs()["web"])
