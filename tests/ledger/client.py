"""The client of the ledger: fetches pixels and sends page views over raw connections, and keeps a
journal.

    python -m tests.ledger.client PLAN JOURNAL

A process of its own, so that nothing else of the run delays it. Reads commands from its standard
input: `port N` (where new connections go from now on), `clock` (before and after the server's clock
is set) and `stop`. It writes to the journal, one
line each, times on the monotonic clock that all processes of a machine share:

    T hit time request-id           a try, before it is sent
    A hit time milliseconds what    its answer, with the web process' own outcome: the 200 GIF, or
                                    to page views the 202, with the event id of each after it
    K hit time what                 its connection was killed
    W hit time what                 anything else, which must not happen
"""

import asyncio
import json
import random
import sys
import time
from itertools import count

import uvloop

from tests.ledger import page_views
from tests.ledger.plan import own_request_id
from tracking.reply import GIF

PATIENCE_S = 10
TRIES_AGAIN = 0.9  # of the killed ones, with the same X-Request-ID, as NGINX would
REFUSED_PAUSE_S = 0.02
LATE_S = 0.2  # what is later than that is not caught up with, which would be a burst


class Connection:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def exchange(self, request: bytes) -> tuple[bytes, bytes]:
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(header(head, b"content-length"))
        return head, await self.reader.readexactly(length)


def header(head: bytes, name: bytes) -> bytes:
    _, found, rest = head.lower().partition(b"\r\n" + name + b": ")
    return rest.partition(b"\r\n")[0] if found else b""


class Client:
    def __init__(self, plan: dict, journal):
        self.plan = plan
        self.port = plan["port"]
        self.journal = journal
        self.numbers = count()
        self.dice = random.Random(f"client {plan['seed']}")
        self.stopping = False
        self.epoch = 0  # odd while the server's clock is being set
        self.epochs: dict[str, int] = {}  # of the first try of each request id
        self.begun = time.monotonic()

    def note(self, letter: str, number: int, moment: float, *rest):
        self.journal.write(" ".join(map(str, (letter, number, f"{moment:.6f}", *rest))) + "\n")

    async def run(self):
        self.begun = time.monotonic()
        heeding = asyncio.create_task(self.heed())
        await asyncio.gather(*(self.fetch_on() for _ in range(self.plan["connections"])))
        heeding.cancel()

    async def heed(self):
        """Do as the parent says; its end is a `stop`."""
        commands = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(commands), sys.stdin
        )
        while line := (await commands.readline()).decode().split():
            if line[0] == "stop":
                break
            if line[0] == "clock":
                self.epoch += 1
            else:
                self.port = int(line[1])
        self.stopping = True

    async def fetch_on(self):
        """One connection after the other, and one hit after the other on each."""
        connection = None
        while not self.stopping:
            number = next(self.numbers)
            if number >= len(self.plan["hits"]):
                return
            await self.wait_for_turn(number)
            connection = await self.fetch(number, connection)
        if connection:
            connection.writer.close()

    async def wait_for_turn(self, number):
        due = self.begun + number / self.plan["rate"]
        early = due - time.monotonic()
        if early > 0:
            await asyncio.sleep(early)
        elif early < -LATE_S:
            self.begun -= early

    async def fetch(self, number, connection) -> Connection | None:
        """Until the hit is answered or given up. Returns the connection if it is still good."""
        request_id, epoch = self.request_id(number), self.epoch
        request = self.request(number, request_id)
        while True:
            if connection is None or connection.reader.at_eof():
                connection = await self.connect()
                if connection is None:
                    return None  # stopping
            sent = time.monotonic()
            self.note("T", number, sent, request_id)
            try:
                async with asyncio.timeout(PATIENCE_S):
                    head, body = await connection.exchange(request)
            except TimeoutError:
                self.note("W", number, sent, "no-answer")
                return None
            except (OSError, asyncio.IncompleteReadError) as error:
                self.note("K", number, sent, type(error).__name__)
                if self.stopping or self.epoch != epoch or self.dice.random() > TRIES_AGAIN:
                    return None
                connection = None
                continue
            self.judge(number, sent, head, body)
            return None if header(head, b"connection") == b"close" else connection

    def judge(self, number, sent, head, body):
        now = time.monotonic()
        told = self.told(self.plan["hits"][number], head, body)
        if told is None:
            self.note("W", number, now, head.split(b"\r\n")[0].decode().replace(" ", "-"))
            return
        outcome = header(head, b"x-pixel-outcome").decode() or "-"
        event_ids = [",".join(told)] if told else []
        self.note("A", number, now, f"{(now - sent) * 1000:.3f}", outcome, *event_ids)

    def told(self, hit, head, body) -> list[str] | None:
        """What the answer says beside what became of it; None where it must not come."""
        if page_views.is_track(hit):
            return page_views.told(hit, head, body)
        return [] if head.startswith(b"HTTP/1.1 200 ") and body == GIF else None

    async def connect(self) -> Connection | None:
        while not self.stopping:
            try:
                return Connection(*await asyncio.open_connection("127.0.0.1", self.port))
            except OSError:  # nothing was sent: no try
                await asyncio.sleep(REFUSED_PAUSE_S)
        return None

    def request_id(self, number) -> str:
        """A proxy's second try follows the first at once: never with the clock set in between."""
        request_id = self.plan["hits"][number][2]
        first = self.epochs.setdefault(request_id, self.epoch)
        if self.epoch % 2 or first != self.epoch:
            return own_request_id(self.plan["seed"], number, "anew")
        return request_id

    def request(self, number, request_id) -> bytes:
        hit = self.plan["hits"][number]
        if page_views.views_of(hit):
            return page_views.ask(hit, request_id)
        pixel, reader, _ = hit
        return (
            f"GET {self.plan['paths'][pixel]} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"User-Agent: {self.plan['readers'][reader]}\r\nX-Request-ID: {request_id}\r\n\r\n"
        ).encode()


def main(plan_path: str, journal_path: str):
    with open(plan_path) as file:
        plan = json.load(file)
    with open(journal_path, "w") as journal:
        uvloop.run(Client(plan, journal).run())


if __name__ == "__main__":
    main(*sys.argv[1:])
