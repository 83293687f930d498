"""A web process that dies, one that is told to end, and one whose clock is wrong."""

import http.client
import threading
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from tests.faults.mail import Mail
from tests.faults.world import borrow
from tests.ledger.journal import event_id
from tests.services import wait_until
from tracking.moment import milliseconds
from tracking.reply import GIF
from tracking.stream import FILTER_LIFE_MS

HOURS_2 = 120  # minutes


@pytest.fixture
def world(request, database, stacks):
    yield from borrow(request, database, stacks)


# -- kill -9 -------------------------------------------------------------------------------------
@pytest.mark.parametrize("filter_survives", [True, False], ids=["filter-kept", "filter-lost"])
@pytest.mark.parametrize(("point", "counted"), [("before", 0), ("after", 1)])
def test_a_web_process_killed_around_the_script_counts_at_most_once(
    world, point, counted, filter_survives
):
    mail = Mail(world.stack)
    [hit] = hits = mail.hits(1)
    request_id = f"{point}-{filter_survives}-{mail.campaign}"
    again = f"X-Request-ID: {request_id}".encode()
    world.points.arm(f"web-{point}-script")
    assert world.try_to_fetch(hit, again) == b""
    world.settle()
    mail.expect(hits[:counted])
    if not filter_survives:
        world.forget_filter()
    # A proxy tries it again, and the second time it is answered.
    known = counted and filter_survives
    assert world.fetch(hit, again) == ("refresh" if known else "stored")
    world.settle()
    mail.expect(hits)
    [opening] = mail.openings()
    assert UUID(opening["event_id"]) == event_id(request_id, UUID(hit[0]["uuid"]))


# -- SIGTERM -------------------------------------------------------------------------------------
ANSWERED_BEFORE = 200
CLIENTS = 8


class Load:
    """Clients that fetch one hit after the other on kept connections, until they are refused."""

    def __init__(self, address: str, hits):
        self.address = urlsplit(address).netloc
        self.left = iter(hits)
        self.lock = threading.Lock()
        self.answered, self.cut, self.wrong = [], [], []
        self.refused = 0
        self.threads = [threading.Thread(target=self.fetch_on) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def fetch_on(self):
        connection = http.client.HTTPConnection(self.address, timeout=60)
        while hit := self.next_hit():
            pixel, reader = hit
            try:
                connection.request(
                    "GET", urlsplit(pixel["url"]).path, headers={"User-Agent": reader}
                )
                reply = connection.getresponse()
                is_gif = reply.status == 200 and reply.read() == GIF
                (self.answered if is_gif else self.wrong).append(hit)
            except ConnectionRefusedError:
                self.refused += 1
                return
            except (ConnectionError, http.client.BadStatusLine):
                self.cut.append(hit)
                connection.close()
        connection.close()

    def next_hit(self):
        with self.lock:
            return next(self.left, None)


def test_a_server_told_to_end_under_load_counts_each_hit_that_it_answered(world):
    mail = Mail(world.stack, contacts=8, pixels=10)
    url = world.stack.start_web("web-ending")
    server = world.stack.services["web-ending"]
    load = Load(url, mail.hits(readers=50))
    wait_until(lambda: len(load.answered) >= ANSWERED_BEFORE, what="the load has begun")
    assert server.stop(within=30) == 0
    for thread in load.threads:
        thread.join()
    assert load.wrong == []
    assert load.refused == CLIENTS  # all were still at it
    world.settle()
    counted = {(opening["pixel"], opening["user_agent"]) for opening in mail.openings()}
    answered, cut = (
        {(pixel["id"], reader) for pixel, reader in hits} for hits in (load.answered, load.cut)
    )
    assert answered <= counted <= answered | cut
    mail.expect([hit for hit in load.answered + load.cut if (hit[0]["id"], hit[1]) in counted])


# -- The clock -----------------------------------------------------------------------------------
def fetch_at(world, minutes: int, hit) -> str:
    world.points.arm("web-clock", str(minutes))
    return world.fetch(hit)


def test_a_clock_set_back_and_forward_counts_by_the_hour_and_hides_nothing(world):
    mail = Mail(world.stack)
    [one, other] = mail.hits(2)
    began = datetime.now().astimezone()
    minutes_counted = (0, -HOURS_2, HOURS_2)
    for minutes in minutes_counted:
        assert fetch_at(world, minutes, one) == "stored"
        world.settle()
    # The filter remembers one time per reader, and the last was another; the database knows all.
    for minutes in minutes_counted:
        assert fetch_at(world, minutes, one) in ("stored", "refresh")
        world.settle()
    # A reader whose first hit falls into the wrong time is not hidden in the right one.
    assert fetch_at(world, HOURS_2, other) == "stored"
    assert fetch_at(world, 0, other) == "stored"
    world.settle()

    lives = [world.client.pttl(key) for key in world.filter_keys()]
    assert lives
    assert all(0 < life <= FILTER_LIFE_MS for life in lives)
    openings = mail.openings()
    # The filter has been told which opening counted, where it let through what was none.
    assert world.filtered(one[0]) <= {milliseconds(moment_of(opening)) for opening in openings}
    assert hours_from(began, openings, one[1]) == [-2, 0, 2]
    assert hours_from(began, openings, other[1]) == [0, 2]
    statistics = world.stack.get(f"/api/campaigns/{mail.campaign}/statistics/")
    assert statistics["openings"]["total"] == statistics["mail_opens"]["total"] == 5


def moment_of(opening: dict) -> datetime:
    return datetime.fromisoformat(opening["opened_at"])


def hours_from(began: datetime, openings, reader: str) -> list[int]:
    moments = [moment_of(opening) for opening in openings if opening["user_agent"] == reader]
    return sorted(round((moment - began) / timedelta(hours=1)) for moment in moments)
