"""A hit becomes an opening, and a refresh doesn't: mail clients, a browser, the clock put on."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.services import wait_until
from tests.thorough import promised
from tests.wire import GMAIL, OUTLOOK, THUNDERBIRD, get

PROMISED = 1.0  # seconds from the reply until staff see the opening


@contextmanager
def page_on_another_port(html: str):
    """The address of a page with `html` in it, as a mail provider's web mail would show it."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            body = f"<!doctype html><link rel=icon href=data:,><p>Hello</p>{html}".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=partial(server.serve_forever, poll_interval=0.05)).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def fetch(url: str, user_agent: str) -> float:
    """Fetch a pixel as that mail client; when the reply was there."""
    reply = get(url, headers={"User-Agent": user_agent})
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "image/gif"
    return time.time()


def seconds_until(stack, count: int, replied_at: float, **filters) -> float:
    """How long after the reply the API showed that many openings."""
    wait_until(
        lambda: len(stack.openings(**filters)) >= count,
        what=f"{count} openings are in the API",
        every=0.01,
    )
    return time.time() - replied_at


@pytest.mark.parametrize(
    ("user_agent", "verdict"),
    [(THUNDERBIRD, "human"), (GMAIL, "proxy"), (OUTLOOK, "human")],
    ids=["thunderbird", "gmail", "outlook"],
)
def test_a_mail_client_makes_one_opening_within_a_second(either, user_agent, verdict):
    [pixel] = either.new_mail(pixels=1)
    replied_at = fetch(pixel["url"], user_agent)
    promised(seconds_until(either, 1, replied_at, pixel=pixel["id"]), within=PROMISED)
    fetch(pixel["url"], user_agent)
    either.settle()
    [opening] = either.openings(pixel=pixel["id"])
    assert opening["user_agent"] == user_agent
    assert opening["verdict"] == verdict
    assert opening["contact"] == pixel["contact"]
    assert opening["network"] == "127.0.0.0/24"
    assert opening["begins_mail_open"] is True


def test_each_mail_client_is_a_reader_of_its_own(either):
    top, bottom = either.new_mail(pixels=2)
    for user_agent in (THUNDERBIRD, GMAIL, OUTLOOK, THUNDERBIRD, GMAIL, OUTLOOK):
        fetch(bottom["url"], user_agent)
        fetch(top["url"], user_agent)
    either.settle()
    openings = either.openings(contact=top["contact"])
    assert len(openings) == 6
    began = [opening["user_agent"] for opening in openings if opening["begins_mail_open"]]
    assert sorted(began) == sorted([THUNDERBIRD, GMAIL, OUTLOOK])


@pytest.mark.parametrize("pixels", [1, 2])
def test_a_page_in_a_browser_opens_each_pixel_once_and_the_mail_once(either, page, pixels):
    mail = either.new_mail(pixels=pixels)
    contact = mail[0]["contact"]
    replies = []
    page.on("response", lambda reply: replies.append(reply) if "/p/" in reply.url else None)
    with page_on_another_port("<p>…</p>".join(pixel["html"] for pixel in mail)) as address:
        page.goto(address)
        timings = [reply.request.timing for reply in replies]
        replied_at = max(each["startTime"] + each["responseEnd"] for each in timings) / 1000
        promised(seconds_until(either, pixels, replied_at, contact=contact), within=PROMISED)

        page.reload()
        assert [reply.status for reply in replies] == [200] * 2 * pixels, "a reload fetches again"
    either.settle()
    openings = either.openings(contact=contact)
    assert sorted(opening["pixel"] for opening in openings) == [pixel["id"] for pixel in mail]
    assert sum(opening["begins_mail_open"] for opening in openings) == 1


def test_an_hour_later_it_is_an_opening_again(either, web_at):
    [pixel] = either.new_mail(pixels=1)
    steps = [  # when the hit comes, and how many openings there are then
        (0, 1),
        (59, 1),
        (61, 2),
        (61, 2),
        (59, 2),  # late: from before the second opening, within its hour
        (0, 2),  # later still: the filter has forgotten the first opening, the database hasn't
    ]
    for minutes, openings in steps:
        fetch(pixel["url"].replace(either.url, web_at[minutes]), THUNDERBIRD)
        either.settle()
        assert len(either.openings(pixel=pixel["id"])) == openings, f"{minutes} minutes on"
    times = sorted(opening["opened_at"] for opening in either.openings(pixel=pixel["id"]))
    first, second = map(datetime.fromisoformat, times)
    assert timedelta(minutes=61) <= second - first < timedelta(minutes=62)


@pytest.fixture
def web_at(either):
    """Minutes → a web server on the same stack whose clock is so far ahead."""

    def start(minutes):
        name = f"web-at-{minutes}"
        url = either.start_web(name, config="tests.later", MINUTES_ON=str(minutes))
        date = get(url + "/healthz").headers["date"]
        ahead = parsedate_to_datetime(date) - datetime.now(UTC)
        assert abs(ahead - timedelta(minutes=minutes)) < timedelta(seconds=30)
        return url

    with ThreadPoolExecutor() as pool:  # whose threads must live on: see end_with_parent
        yield {0: either.url} | dict(zip((59, 61), pool.map(start, (59, 61)), strict=True))
        either.services["web-at-59"].stop()
        either.services["web-at-61"].stop()
