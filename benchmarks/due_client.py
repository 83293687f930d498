"""A client that asks for pixels when they are due, whether or not answers are late.

    python -m benchmarks.due_client PLAN FOUND

wrk notes how long an answer takes from when the request has left, and the requests that a slow
server makes it send later count as fast ones. Here each counts from when it was due: where no
connection is free it waits for one, and that wait is in its time. A process of its own, so that
nothing else of the run delays it.

PLAN (JSON): port; tokens (a file, one a line), of which COUNT are asked for from number FIRST on,
each once; rate (requests a second); connections; answer (a whole one, base64: all are the same but
for their date); readers (so many User-Agents take turns; 0: each request has its own).
FOUND (JSON): times and late (ms, of each answer: since its request was due, and how long after
that it left), wrong (answers, some of them), unanswered.
"""

import asyncio
import base64
import gc
import json
import re
import sys
import time
from collections import deque
from itertools import islice
from pathlib import Path

import uvloop

PATIENCE_S = 10.0
SHOWN = 5  # of the wrong answers
BEGIN_S = 0.2
DATE = re.compile(rb"(?<=\r\ndate: )[^\r]+", re.IGNORECASE)
REQUEST = (
    "GET /p/{token}.gif HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:{reader}.0) Gecko/20100101 "
    "Thunderbird/{reader}.0\r\n"
    "Accept: image/avif,image/webp,*/*\r\nAccept-Encoding: gzip, deflate\r\n\r\n"
)


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, client: "Client"):
        self.client, self.due, self.received = client, 0.0, b""

    def connection_made(self, transport):
        self.transport = transport

    def send(self, request: bytes, due: float):
        self.due = due
        self.transport.write(request)

    def data_received(self, data: bytes):
        self.received += data
        if len(self.received) >= self.client.length:
            received, self.received = self.received, b""
            self.client.answered(self, received)

    def connection_lost(self, error):
        self.client.lost(self, error)


class Client:
    def __init__(self, plan: dict):
        self.plan = plan
        answer = base64.b64decode(plan["answer"])
        date = DATE.search(answer)
        self.before, self.after = answer[: date.start()], answer[date.end() :]
        self.length = len(answer)
        with open(plan["tokens"]) as lines:
            first = plan["first"]
            self.tokens = [line.strip() for line in islice(lines, first, first + plan["count"])]
        self.free: deque[Connection] = deque()
        self.waiting: deque[tuple[bytes, float]] = deque()
        self.times: list[float] = []
        self.late: list[float] = []
        self.wrong: list[str] = []
        self.left = len(self.tokens)
        self.over = asyncio.Event()

    async def run(self) -> dict:
        loop = asyncio.get_running_loop()
        for _ in range(self.plan["connections"]):
            port = self.plan["port"]
            _, made = await loop.create_connection(lambda: Connection(self), "127.0.0.1", port)
            self.free.append(made)
        await self.ask()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self.over.wait()
        except TimeoutError:
            pass
        return {
            "times": self.times,
            "late": self.late,
            "wrong": self.wrong[:SHOWN],
            "unanswered": self.left,
        }

    async def ask(self):
        begun, pause = time.monotonic() + BEGIN_S, 1 / self.plan["rate"]
        readers = self.plan["readers"] or len(self.tokens)
        for number, token in enumerate(self.tokens):
            due = begun + number * pause
            reader = (self.plan["first"] + number) % readers if self.plan["readers"] else number
            request = REQUEST.format(token=token, reader=reader).encode()
            while (early := due - time.monotonic()) > 0:
                await asyncio.sleep(early)
            self.waiting.append((request, due))
            self.send_on()

    def send_on(self):
        """What is due, as far as there are free connections."""
        while self.waiting and self.free:
            request, due = self.waiting.popleft()
            self.late.append((time.monotonic() - due) * 1000)
            self.free.popleft().send(request, due)

    def answered(self, connection: Connection, received: bytes):
        self.times.append((time.monotonic() - connection.due) * 1000)
        if len(received) != self.length or not (
            received.startswith(self.before) and received.endswith(self.after)
        ):
            self.wrong.append(repr(received))
        self.left -= 1
        self.free.append(connection)
        self.send_on()
        if not self.left:
            self.over.set()

    def lost(self, connection: Connection, error):
        if not self.over.is_set():
            self.wrong.append(f"a connection was closed: {error}")
            if connection in self.free:
                self.free.remove(connection)


def main(plan_path: str, found_path: str):
    plan = json.loads(Path(plan_path).read_text())
    gc.disable()  # its pauses would be the server's in the figures
    found = uvloop.run(Client(plan).run())
    Path(found_path).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
