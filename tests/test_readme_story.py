"""The README's story of the API runs as it is written there."""

import csv
import json
import re
import sys

import pytest

from tests.api import STREAMS
from tests.conftest import needs
from tests.documented import blocks, run
from tests.services import bare_environment
from tests.stack import PASSWORD, ROOT
from tracking.reply import GIF

SECTION, PAGE_VIEWS = "Send a first tracked mail", "Page views"
# Where the reader types the next block, the consumer has dealt with what the one before it did.
MEANWHILE = f"""
import pathlib, sys, time, redis
connection, spool = redis.Redis.from_url(sys.argv[1]), pathlib.Path(sys.argv[2])
deadline = time.monotonic() + 20
while any(map(connection.xlen, {STREAMS!r})) or any(spool.glob("*")):
    assert time.monotonic() < deadline, "the consumer did not take the hits"
    time.sleep(0.02)
"""


def script(story: list[str]) -> str:
    """The blocks as one script. What a reader fills in, AT and PASSWORD, comes from outside."""
    text = '\n"$PYTHON" -c "$MEANWHILE" "$REDIS" "$SPOOL"\n'.join(story)
    text, filled_in = re.subn(r"^(?:AT|PASSWORD)=.*$", "", text, flags=re.M)
    assert filled_in == 2, "the story begins with the lines AT=… and PASSWORD=…"
    return text


def tell(stack, tmp_path) -> str:
    """What the story prints."""
    needs("curl")
    text = (ROOT / "README.md").read_text()
    # Commands of the management are run where PixelTrack is: see test_page_view_commands.py.
    views = [block for block in blocks(PAGE_VIEWS, text) if not block.startswith(".venv/")]
    story = [*blocks(SECTION, text), *views]
    assert len(story) >= 4
    environment = bare_environment(
        AT=stack.url,
        PASSWORD=PASSWORD,
        PYTHON=sys.executable,
        MEANWHILE=MEANWHILE,
        REDIS=stack.redis.url,
        SPOOL=str(stack.spool),
        no_proxy="127.0.0.1",
    )
    return run(script(story), tmp_path, environment)


def test_the_story_of_the_readme_runs_as_written_there(stack, tmp_path):
    printed = tell(stack, tmp_path)
    [campaign] = stack.all("/api/campaigns/", search="Autumn news")
    groups = stack.all("/api/groups/", campaign=campaign["id"])
    assert {group["name"] for group in groups} == {"plain", "bold"}
    assert printed.count('"created": true') == 2  # of the bulk post
    with (tmp_path / "mails.csv").open(newline="") as file:
        head, *mails = csv.reader(file)
    assert len(mails) == 2
    for address, mail in zip(("ada@example.com", "bob@example.com"), mails, strict=True):
        assert address in mail
        assert sum(cell.startswith("http") for cell in mail) == 2
        assert sum(cell.startswith("<img") for cell in mail) == 2
        assert len(mail) == len(head)
    assert (tmp_path / "pixel.gif").read_bytes() == GIF
    figures = stack.get(f"/api/campaigns/{campaign['id']}/statistics/")
    assert f"{figures['verified']}\n" in printed
    assert '"result": "too early"' in printed
    [decision] = stack.all(f"/api/campaigns/{campaign['id']}/decide/")
    assert decision["group_name"] == "bold"
    [opening] = stack.openings(campaign=campaign["id"])
    assert opening["event_id"] in printed
    *_, sent, figures = re.findall(r"\{[^{}]*\}", printed)
    assert json.loads(sent).keys() == {"event_id"}
    assert json.loads(figures)["total_views"] >= json.loads(figures)["unique_visitors"] >= 1
    openers = printed[printed.rindex('"results"') :]  # what comes after the list of openings
    opener = stack.get(f"/api/contacts/{opening['contact']}/")["email"]
    assert openers.count("@example.com") == openers.count(opener) == 1


def test_the_blocks_are_those_of_the_section():
    sh = "```sh\n{}\n```\n"
    text = f"## One\n{sh}## Two\nb\n{sh}```json\n{{}}\n```\n{sh}## End\n"
    assert blocks("Two", text.format("a", "c", "no", "d")) == ["c\n", "d\n"]
    with pytest.raises(ValueError, match="unpack"):
        blocks("Three", text)


def test_a_story_that_fills_in_nothing_is_refused():
    with pytest.raises(AssertionError, match="begins with the lines"):
        script(["true"])
