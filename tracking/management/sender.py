"""Sends requests to a running server, as commands do that play its clients."""

import http.client
import select
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

TIMEOUT_S = 10
CONNECTIONS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
FAILURES = (OSError, http.client.HTTPException, UnicodeError)  # the last: a name that is none


class Unreachable(Exception):
    """No requests can be sent there; the text says why, and what to do."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    at: float = 0.0  # seconds from the start before which it is not sent


@dataclass(frozen=True)
class Answer:
    """What came of the request with this number (from 0), and how long that took."""

    number: int
    seconds: float
    error: str = ""  # nothing where the server took the request


class Sender:
    """Sends over as many kept connections as there may be requests at once.

    Raises Unreachable where `url` is no address of a server.
    """

    def __init__(self, url: str, concurrency: int):
        self._url, self._concurrency = url, concurrency
        self._connection, self._base = place_of(url)
        self._taking, self._telling = threading.Lock(), threading.Lock()
        self._stopping = threading.Event()

    def knock(self):
        """Raises Unreachable where nobody listens."""
        try:
            connection = self._connection()
            connection.connect()
            connection.close()
        except FAILURES as problem:
            why = str(problem) or type(problem).__name__
            raise Unreachable(
                f"No server answers at {self._url} ({why}). Start one with `make run`, or name "
                "another with --url."
            ) from None

    def send(self, requests: Iterable[Request], tell: Callable[[Answer], None]):
        """All of them, in their order; `tell` gets every answer, one at a time.

        What is in flight at a Ctrl-C is finished.
        """
        self._waiting, self._start = enumerate(requests), time.monotonic()
        with ThreadPoolExecutor(self._concurrency) as pool:
            try:
                sending = [pool.submit(self._send_on, tell) for _ in range(self._concurrency)]
                for each in sending:
                    each.result()
            finally:
                self._stopping.set()

    def _send_on(self, tell):
        connection = self._connection()
        while taken := self._take():
            answer = self._exchange(connection, *taken)
            with self._telling:
                tell(answer)
        connection.close()

    def _take(self) -> tuple[int, Request] | None:
        """The next request, when it is time for it; None where there is none any more."""
        with self._taking:
            taken = next(self._waiting, None)
        if taken:
            self._stopping.wait(max(0, self._start + taken[1].at - time.monotonic()))
        return None if self._stopping.is_set() else taken

    def _exchange(self, connection, number: int, request: Request) -> Answer:
        if is_dropped(connection):
            connection.close()
        began = time.perf_counter()
        try:
            connection.request(
                request.method, self._base + request.path, request.body, request.headers
            )
            with connection.getresponse() as response:
                response.read()
            error = "" if 200 <= response.status < 300 else f"answered {response.status}"
        except FAILURES as problem:
            connection.close()
            error = type(problem).__name__
        return Answer(number, time.perf_counter() - began, error)


def place_of(url: str) -> tuple[Callable[[], http.client.HTTPConnection], str]:
    """What makes a connection to the server (and connects when it is used), and the path before
    all others there."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # a port that is no number
        parts = host = port = None
    if not host or parts.scheme not in CONNECTIONS or "@" in parts.netloc or "?" in url:
        raise Unreachable(f"{url} is no address of a server. http://127.0.0.1:8000 would be one.")
    make = CONNECTIONS[parts.scheme]
    return lambda: make(host, port, timeout=TIMEOUT_S), parts.path.rstrip("/")


def is_dropped(connection: http.client.HTTPConnection) -> bool:
    """Whether the server has hung up since the last request: there is nothing else to read."""
    if connection.sock is None:
        return False
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))
