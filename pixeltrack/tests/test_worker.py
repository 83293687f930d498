"""What the web worker takes from a client, and how long it waits for it, as gunicorn runs it."""

import json
import re
import socket
from contextlib import closing, contextmanager
from types import SimpleNamespace

import httpx
import pytest
from uvicorn import Config

from pixeltrack.tests.launched import Launch
from pixeltrack.tests.surroundings import wait_until
from pixeltrack.tests.test_gunicorn import GUNICORN
from pixeltrack.worker import Protocol, Worker

LIMIT = 2_000  # so little that a head over it comes in one piece
SECONDS = 10  # after which a test gives up
UPLOAD = b"POST /read HTTP/1.1\r\nHost: localhost\r\n"


@contextmanager
def started(folder, **settings):
    one = Launch(folder, command=GUNICORN, settings={"WEB_CONCURRENCY": "1", **settings})
    try:
        wait_until(lambda: asked(one))
        yield one
    finally:
        one.clear_away()


def asked(server) -> dict:
    try:
        address = f"http://127.0.0.1:{server.environment['PORT']}"
        return httpx.get(address, timeout=SECONDS, trust_env=False, verify=False).json()
    except httpx.TransportError:
        return {}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with started(tmp_path_factory.mktemp("server")) as one:
        yield one


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    with started(tmp_path_factory.mktemp("strict"), PROBE_HEAD_BYTES=str(LIMIT)) as one:
        yield one


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    with started(tmp_path_factory.mktemp("impatient"), PROBE_PATIENCE="0.3") as one:
        yield one


def connect(server):
    address = "127.0.0.1", int(server.environment["PORT"])
    return closing(socket.create_connection(address, timeout=SECONDS))


@contextmanager
def says(server, line):
    """It does so, once more than it has before."""
    before = server.text.count(line)
    yield
    wait_until(lambda: server.text.count(line) > before)


def read_all(client) -> bytes:
    """Until the server closes; a TimeoutError if it doesn't."""
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts)


def answer_to(server, *parts: bytes) -> bytes:
    with connect(server) as client:
        for part in parts:
            client.sendall(part)
        return read_all(client)


def statuses(reply: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 (\d+)", reply)


def get(path="/", *lines: bytes) -> bytes:
    return b"\r\n".join([b"GET %s HTTP/1.1" % path.encode(), b"Host: a", *lines, b"", b""])


CLOSE = b"Connection: close"


# -- Too much ------------------------------------------------------------------------------------
@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nX-A: ", b"GET /", b"\r\n"])
def test_a_head_without_end_is_cut_off(server, start):
    fill = b"\r\n" if start == b"\r\n" else b"a"
    endless = (start + fill * Protocol.HEAD_BYTES)[: Protocol.HEAD_BYTES + 1]
    reply = answer_to(server, endless)
    assert statuses(reply) == [b"431"]
    assert b"\r\nconnection: close\r\n" in reply
    head, _, body = reply.partition(b"\r\n\r\n")
    assert b"content-length: %d" % len(body) in head
    assert asked(server)


def test_a_head_of_the_longest_that_is_allowed_is_answered(server):
    longest = get("/", b"X-A: " + b"a" * (Protocol.HEAD_BYTES - 100), CLOSE)
    assert statuses(answer_to(server, longest)) == [b"200"]


@pytest.mark.parametrize(
    "long",
    [
        get("/", b"X-A: " + b"a" * LIMIT),
        get("/" + "a" * LIMIT),
        get("/", *(b"X-%d: 1" % number for number in range(LIMIT // 8))),
    ],
)
def test_a_whole_head_that_is_too_long_is_refused(strict, long):
    assert statuses(answer_to(strict, long)) == [b"431"]


def test_many_requests_in_one_packet_are_all_answered(strict):
    many = get("/", b"X-A: " + b"a" * (LIMIT // 2)) * 20 + get("/", CLOSE)
    assert statuses(answer_to(strict, many)) == [b"200"] * 21


@pytest.mark.parametrize("long", [b"GET /" + b"a" * LIMIT, get("/" + "a" * LIMIT)])
def test_what_was_asked_before_is_answered_first(strict, long):
    with connect(strict) as client:
        with says(strict, "a slow request has begun"):
            client.sendall(get("/slow"))
        client.sendall(long)
        assert statuses(read_all(client)) == [b"200", b"431"]


def test_a_body_is_no_head(strict):
    length = LIMIT * 50
    whole = UPLOAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % length + b"a" * length
    reply = answer_to(strict, whole)
    assert json.loads(reply.partition(b"\r\n\r\n")[2])["read"] == length
    chunks = b"1\r\na\r\n" * length + b"0\r\n\r\n"
    whole = UPLOAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    reply = answer_to(strict, whole)
    assert json.loads(reply.partition(b"\r\n\r\n")[2])["read"] == length


@pytest.mark.parametrize("start", [b"0\r\nX-A: ", b"5;"], ids=["trailers", "a chunk's extension"])
def test_what_has_no_end_after_a_body_is_cut_off(strict, start):
    with connect(strict) as client:
        client.sendall(UPLOAD + b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
        assert statuses(client.recv(4096)) == [b"100"]
        with says(strict, "a body has ended: http.disconnect"):
            client.sendall(start + b"a" * (LIMIT + 1 - len(start)))
            assert read_all(client) == b""


# -- Too little ----------------------------------------------------------------------------------
BROKEN_OFF = [
    UPLOAD + b"Content-Length: 10\r\n\r\n",
    UPLOAD + b"Content-Length: 10\r\n\r\nhalf",
    UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
    get() + UPLOAD + b"Content-Length: 10\r\n\r\nhalf",
]


@pytest.mark.parametrize("sent", [b"", b"GET / HT", *BROKEN_OFF])
def test_who_breaks_off_keeps_no_socket(server, sent):
    with connect(server) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        read_all(client)


def test_an_application_learns_that_a_body_is_broken_off(server):
    with says(server, "a body has ended: http.disconnect"), connect(server) as client:
        client.sendall(BROKEN_OFF[1])
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b""


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"GET / HT", get()[:-2], *BROKEN_OFF])
def test_who_sends_half_and_waits_is_cut_off(impatient, sent):
    replies = statuses(answer_to(impatient, sent))
    assert replies == [b"200"] * sent.count(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")


def test_who_waits_for_an_answer_or_for_the_next_question_is_not(impatient):
    with connect(impatient) as client:
        client.sendall(get("/slow"))  # takes longer than the patience
        assert statuses(client.recv(65536)) == [b"200"]
        assert answer_to(impatient, b"") == b""  # somebody else is cut off meanwhile
        client.sendall(get("/", CLOSE))
        assert statuses(read_all(client)) == [b"200"]


# -- Time, by a clock of our own -----------------------------------------------------------------
class Call:
    """A timer, or a task."""

    def __init__(self, timers=(), at=0.0, call=None):
        self.timers, self.at, self.call = timers, at, call

    def cancel(self):
        if self in self.timers:
            self.timers.remove(self)

    def add_done_callback(self, call):
        pass


class Loop:
    """A clock that is set by hand, with timers."""

    def __init__(self):
        self.now, self.timers = 1000.0, []

    def time(self):
        return self.now

    def call_later(self, seconds, call):
        self.timers.append(Call(self.timers, self.now + seconds, call))
        return self.timers[-1]

    def pass_by(self, seconds):
        until = self.now + seconds
        while due := [timer for timer in self.timers if timer.at <= until]:
            first = min(due, key=lambda timer: timer.at)
            self.timers.remove(first)
            self.now = first.at
            first.call()
        self.now = until

    def create_task(self, coroutine):
        coroutine.close()
        return Call()


class Transport:
    cut_off = False

    def get_extra_info(self, name, default=None):
        return default

    def pause_reading(self):
        pass

    def abort(self):
        self.cut_off = True

    def is_closing(self):
        return self.cut_off


async def nothing(scope, receive, send):
    pass


@pytest.fixture
def connection():
    """A connection whose application never answers."""
    config = Config(app=nothing, **Worker.CONFIG_KWARGS | {"lifespan": "off"}, log_config=None)
    config.load()
    state = SimpleNamespace(connections=set(), tasks=set(), default_headers=[], total_requests=0)
    protocol = Protocol(config, state, {}, Loop())
    protocol.connection_made(Transport())
    return protocol


def test_the_time_for_a_head_begins_with_its_first_byte_and_no_other_prolongs_it(connection):
    connection.loop.pass_by(20)
    connection.data_received(b"GET /")
    for _ in range(2):
        connection.loop.pass_by(14)
        connection.data_received(b"a")
    assert not connection.transport.cut_off
    connection.loop.pass_by(3)
    assert connection.transport.cut_off


def test_every_byte_of_a_body_prolongs_its_time(connection):
    connection.data_received(UPLOAD)
    connection.loop.pass_by(29)
    connection.data_received(b"Content-Length: 10\r\n\r\n")
    for _ in range(5):
        connection.loop.pass_by(29)
        connection.data_received(b"a")
    assert not connection.transport.cut_off
    connection.loop.pass_by(31)
    assert connection.transport.cut_off


def test_a_chunk_that_does_not_come_does_not_prolong_it(connection):
    connection.data_received(UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n1;")
    for _ in range(3):
        assert not connection.transport.cut_off
        connection.loop.pass_by(14)
        connection.data_received(b"a")
    connection.loop.pass_by(20)
    assert connection.transport.cut_off


def test_an_answer_has_all_the_time_that_it_takes(connection):
    connection.data_received(get())
    connection.loop.pass_by(1000)
    connection.data_received(get()[:10])  # the next may wait, too
    connection.loop.pass_by(1000)
    assert not connection.transport.cut_off


def test_a_connection_has_one_timer_and_none_when_it_is_lost(connection):
    for _ in range(10):
        connection.data_received(get())
        connection.cycle.response_complete = True
        connection.loop.pass_by(4)
    assert len(connection.loop.timers) == 1
    connection.connection_lost(OSError())
    assert not connection.loop.timers
