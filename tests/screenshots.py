"""Pictures of the admin for the docs: `make screenshots`. Each page as wide as a desk's screen and
as a phone's, by day and by night, from the sample data after `simulate_openings`.

`python -m tests.screenshots --into FOLDER home=/admin/ …` takes other pages, to look at them.
"""

import argparse
import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.browsing import find_browser, sign_in, start_browser
from tests.stack import ROOT, Stack

IMAGES = ROOT / "docs" / "images"
CAMPAIGN, CONTACT = 1000000001, 1000000001  # of fixtures/sample.json
PAGES = {
    "home": "/admin/",
    "campaign": f"/admin/campaigns/campaign/{CAMPAIGN}/change/",
    "contact": f"/admin/campaigns/contact/{CONTACT}/change/",
    "import": f"/admin/campaigns/contactimport/add/?campaign={CAMPAIGN}",
}
PEOPLE = {  # a file, to be looked at before it is sent
    "name": "people.csv",
    "mimeType": "text/csv",
    "buffer": """E-Mail;Name;Group;City
ada@example.com;Ada Lovelace;A: text first;London
bob@example.com;Bob Kahn;B: picture first;Córdoba
grace at example.com;Grace Hopper;A: text first;New York
info@example.com;;B: picture first;
""".encode(),
}
SCREENS = {"desktop": (1280, 900), "phone": (390, 844)}
COLOURS = 256  # a picture of a page has few, and is a third as large with a palette
SETTLED = "() => document.fonts.status == 'loaded' && !document.querySelector('[aria-busy=true]')"


def take_all(browser: Browser, stack: Stack, pages: dict[str, str], into: Path, whole: bool):
    for screen, (width, height) in SCREENS.items():
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                has_touch=screen == "phone",
                reduced_motion="reduce",
            )
            page = context.new_page()
            sign_in(page, f"{stack.url}/admin/login/?next=/admin/")
            for name, address in pages.items():
                page.goto(stack.url + address)
                if name == "import":
                    page.locator("#id_file").set_input_files(PEOPLE)
                page.wait_for_function(SETTLED)
                picture = page.screenshot(full_page=whole)
                path = into / f"{name}-{screen}-{scheme}.png"
                few = Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS)
                few.save(path, optimize=True)
                print(f"{path}: {path.stat().st_size // 1024} KB", flush=True)
            context.close()


def fill(stack: Stack):
    """The sample, opened for a while."""
    stack.manage("loaddata", "sample")
    stack.manage("simulate_openings", f"--campaign={CAMPAIGN}", "--rate=100", "--seed=1")
    stack.settle()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", help="NAME=ADDRESS of other pages")
    parser.add_argument("--into", type=Path, default=IMAGES)
    parser.add_argument("--whole", action="store_true", help="down to the end of each page")
    options = parser.parse_args()
    pages = dict(each.split("=", 1) for each in options.pages) or PAGES
    options.into.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="pixeltrack-") as folder,
        sync_playwright() as playwright,
    ):
        stack = Stack(Path(folder))
        try:
            stack.start()
            fill(stack)
            with start_browser(playwright, find_browser()) as browser:
                take_all(browser, stack, pages, options.into, options.whole)
        finally:
            stack.stop()


if __name__ == "__main__":
    main()
