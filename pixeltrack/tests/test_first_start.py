"""A newcomer's first two starts, with every real process."""

import re
import sqlite3
import sys
from contextlib import closing

import httpx
import pytest

from pixeltrack.tests.surroundings import wait_until

LAUNCH = [sys.executable, "-m", "pixeltrack.launcher"]
ADMIN = {
    "DJANGO_SUPERUSER_USERNAME": "admin",
    "DJANGO_SUPERUSER_EMAIL": "admin@example.com",
    "DJANGO_SUPERUSER_PASSWORD": "zebra-lemon-41-Quartz",
}


@pytest.fixture
def first(launch):
    return launch(command=LAUNCH, settings=ADMIN).until("Ctrl-C stops it.")


def address(one, label) -> str:
    return re.search(rf"^  {label} +(\S+)", one.text, re.MULTILINE)[1]


def get(url) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=60, follow_redirects=True)


def openings(one) -> int:
    with closing(sqlite3.connect(one.folder / "var" / "pixeltrack.sqlite3")) as database:
        return database.execute("SELECT count(*) FROM tracking_opening").fetchone()[0]


def test_the_pixel_it_prints_is_live_and_a_second_start_keeps_the_opening(launch, first):
    assert "Sign in as     admin, password zebra-lemon-41-Quartz" in first.text
    reply = get(address(first, "A live pixel"))
    assert (reply.status_code, reply.headers["content-type"]) == (200, "image/gif")
    wait_until(lambda: openings(first) == 1)
    for label in ("Home", "Admin", "API docs"):
        assert get(address(first, label)).status_code == 200, label
    assert first.send().status() == 0
    assert first.last_line == "PixelTrack stopped."
    assert "Traceback" not in first.text
    assert not first.processes()

    # The same secrets, as .env would give them; else the addresses would differ.
    second = launch(command=LAUNCH, settings=first.environment).until("Ctrl-C stops it.")
    assert get(address(first, "A live pixel")).status_code == 200
    assert openings(second) == 1
    assert second.send().status() == 0
