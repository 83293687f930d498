"""Mail clients and pages that send hits through NGINX, and what must have become of them."""

import json
import secrets
import threading
from http.client import HTTPConnection, HTTPException
from itertools import cycle
from urllib.parse import urlencode, urlsplit

from tests.faults.mail import Mail
from tests.services import wait_until
from tracking.reply import GIF

PAUSE_S = 0.005  # between two hits of one client: the machine has other things to do as well
ADDRESSES = ("127.0.0.21", "127.0.0.22", "127.0.0.23")


class Page:
    """A page of one test; each view of it by a visitor of its own."""

    def __init__(self, stack):
        self._stack = stack
        self.page_id = f"page-{secrets.token_hex(8)}"

    def view(self, user_id: str) -> dict:
        return {"page_id": self.page_id, "user_id": user_id}

    def counted(self) -> tuple[int, int]:
        """Views and visitors. Of a page that was asked for a moment ago it may be what it was."""
        stats = self._stack.get("/stats", page_id=self.page_id)
        return stats["total_views"], stats["unique_visitors"]

    def stored(self) -> list[list[str]]:
        """(event id, visitor) of each view in the database."""
        return self._stack.shell(f"""
from tracking.models import PageView
views = PageView.objects.filter(page__page_id={self.page_id!r})
rows = views.values_list("event_id", "visitor__user_id")
answer = [[str(event_id), user_id] for event_id, user_id in rows]
""")


class Load:
    """Clients that fetch pixels and send page views in turn, until told to end."""

    def __init__(self, stack, url: str, addresses=ADDRESSES, pause_s=PAUSE_S):
        self.stack, self.netloc = stack, urlsplit(url).netloc
        self.mail, self.page = Mail(stack, contacts=10, pixels=10), Page(stack)
        self.opened, self.viewed, self.fetched = [], [], []  # that were answered as they should be
        self.failed = []
        self._pause_s = pause_s
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self.run, args=[each]) for each in addresses]
        for thread in self._threads:
            thread.start()

    @property
    def answered(self) -> int:
        return len(self.opened) + len(self.viewed) + len(self.fetched)

    def go_on(self, count: int):
        """Until so many more are answered."""
        enough = self.answered + count
        wait_until(lambda: self.answered >= enough, what="the load goes on")

    def end(self):
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def run(self, address: str):
        connection = HTTPConnection(self.netloc, timeout=60, source_address=(address, 0))
        kinds = cycle((self.open, self.view, self.fetch))
        for number, send in enumerate(kinds):
            if self._ending.wait(self._pause_s):
                break
            try:
                send(connection, f"{address} {number}")
            except (OSError, HTTPException, AssertionError, ValueError) as error:
                self.failed.append(f"{send.__name__}: {error!r}")
                connection.close()
        connection.close()

    def open(self, connection, reader: str):
        pixel = self.mail.pixels[len(self.opened) % len(self.mail.pixels)]
        headers = {"User-Agent": reader}
        reply = ask(connection, "GET", urlsplit(pixel["url"]).path, headers=headers)
        assert reply == (200, GIF), reply
        self.opened.append((pixel, reader))

    def view(self, connection, user_id: str):
        body = json.dumps(self.page.view(user_id))
        headers = {"Content-Type": "application/json"}
        status, answer = ask(connection, "POST", "/track", body, headers)
        assert status == 202, (status, answer)
        self.viewed.append([json.loads(answer)["event_id"], user_id])

    def fetch(self, connection, user_id: str):
        reply = ask(connection, "GET", f"/t.gif?{urlencode(self.page.view(user_id))}")
        assert reply == (200, GIF), reply
        self.fetched.append(user_id)

    def expect_each_counted_once(self):
        assert self.failed == [], self.failed[:5]
        self.stack.settle()
        self.mail.expect(self.opened)
        views = len(self.viewed) + len(self.fetched)
        assert self.page.counted() == (views, views)
        stored = self.page.stored()
        assert sorted(each[1] for each in stored) == sorted(
            [*(user_id for _, user_id in self.viewed), *self.fetched]
        )
        assert {tuple(each) for each in self.viewed} <= {tuple(each) for each in stored}


def ask(connection, method: str, path: str, body=None, headers=None) -> tuple[int, bytes]:
    connection.request(method, path, body, headers or {})
    reply = connection.getresponse()
    return reply.status, reply.read()
