"""Some workers take in hits, the others make pages, and they pass connections on to each other."""

import asyncio
import os
import resource
import signal
import socket
import time
from contextlib import ExitStack, closing
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixeltrack.parts import METHODS, MOST_BYTES, PATHS, Channel, Exchange, Part, part_of
from pixeltrack.parts import part_for_one_more as part_for
from pixeltrack.processes import NICENESS
from pixeltrack.tests.surroundings import wait_until
from pixeltrack.tests.test_gunicorn import GUNICORN, server, workers_of  # noqa: F401
from pixeltrack.tests.test_worker import connect, read_all
from pixeltrack.worker import TICK_SECONDS
from tracking.lane import ExpressLane

HIT, PAGE = b"/p/token.gif", b"/admin/"
HEAD = b"Host: localhost\r\n"


def get(path: bytes, *lines: bytes) -> bytes:
    return b"GET %s HTTP/1.1\r\n%s%s\r\n" % (path, HEAD, b"".join(lines))


@pytest.fixture
def client(server):  # noqa: F811
    address = f"http://127.0.0.1:{server.environment['PORT']}"
    with httpx.Client(base_url=address, timeout=60, trust_env=False, verify=False) as one:
        yield one


def another(client) -> httpx.Client:
    """With connections of its own."""
    return httpx.Client(base_url=client.base_url, timeout=60, trust_env=False, verify=False)


def pid(client, path: bytes) -> int:
    return client.get(path.decode()).json()["pid"]


def parts(client) -> tuple[int, int]:
    """The one who takes in hits, and the one who makes pages."""
    return pid(client, HIT), pid(client, PAGE)


# -- Who has what --------------------------------------------------------------------------------
@pytest.mark.parametrize(("method", "path"), [*product(METHODS, PATHS)])
def test_what_the_lane_answers_is_a_hit(method, path):
    assert part_of(b"%s %s" % (method, path)) is Part.HITS


def test_the_lane_answers_nothing_else():
    lane = ExpressLane(None)
    lane.views._kept = SimpleNamespace(here=lambda query: None)
    for path in (b"/", PAGE, b"/api/campaigns/", b"/healthz", b"/pixels"):
        assert lane.quick(b"GET", path, [], "") is None
        assert part_of(get(path)) is Part.PAGES


def test_both_parts_are_there_whoever_comes_and_goes():
    hits, pages = (SimpleNamespace(part=part) for part in Part)
    assert part_for([]) is Part.HITS
    assert part_for([hits]) is Part.PAGES
    assert part_for([pages]) is Part.HITS
    assert part_for([hits, hits, pages]) is Part.PAGES
    assert part_for([hits, pages]) is Part.HITS


# -- Channels ------------------------------------------------------------------------------------
@given(st.binary(min_size=1, max_size=MOST_BYTES))
def test_a_connection_comes_out_with_what_was_read(packet):
    with closing(Channel()) as channel:
        here, there = socket.socketpair()
        with here, there:
            assert channel.put(here.fileno(), packet)
            connection, read = channel.take()
            with connection:
                connection.sendall(b"it is the same")
            assert (read, there.recv(100)) == (packet, b"it is the same")
            assert channel.take() is None


def test_a_channel_without_room_says_so():
    with closing(Channel()) as channel, socket.socket() as connection:
        taken = 0
        while channel.put(connection.fileno(), b"a" * MOST_BYTES):
            taken += 1
            assert taken < 1000
        assert taken
        found, _ = channel.take()
        found.close()
        assert channel.put(connection.fileno(), b"a")


def test_a_connection_without_a_descriptor_left_for_it_is_passed_over(caplog):
    with closing(Channel()) as channel, socket.socket() as connection:
        assert channel.put(connection.fileno(), b"lost")
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        free = os.dup(connection.fileno())
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
        try:
            assert channel.take() is None
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert "may open no more files" in caplog.text
        assert channel.put(connection.fileno(), b"taken")
        found, packet = channel.take()
        found.close()
        assert packet == b"taken"


def test_what_has_come_before_the_end_still_comes_in():
    class Read(asyncio.Protocol):
        def __init__(self, read):
            came.append(read)

        def connection_made(self, transport):
            transport.write(b"answered")

    async def end_at_once():
        exchange = Exchange(Part.PAGES, channels)
        exchange.open(Read)
        await exchange.close()

    came, channels = [], {part: Channel() for part in Part}
    here, there = socket.socketpair()
    with here, there, closing(channels[Part.HITS]), closing(channels[Part.PAGES]) as channel:
        assert channel.put(here.fileno(), b"GET /")
        asyncio.run(end_at_once())
        assert (came, there.recv(100)) == ([b"GET /"], b"answered")


# -- Two workers ---------------------------------------------------------------------------------
def test_hits_and_pages_have_a_worker_each_on_whatever_connection(server, client):  # noqa: F811
    hits, pages = parts(client)
    assert {hits, pages} == workers_of(server)
    assert [pid(client, path) for path in (HIT, HIT, PAGE, PAGE, HIT)] == [
        hits,
        hits,
        pages,
        pages,
        hits,
    ]
    for _ in range(10):
        with another(client) as new:
            assert pid(new, PAGE) == pages
        with another(client) as new:
            assert pid(new, HIT) == hits


def test_who_makes_pages_gives_way(client):
    hits, pages = (os.getpriority(os.PRIO_PROCESS, part) for part in parts(client))
    assert (hits, pages) == (os.getpriority(os.PRIO_PROCESS, 0), hits + NICENESS)


def test_a_body_that_goes_on_comes_in_whole(client, server):  # noqa: F811
    _, pages = parts(client)
    for length in (1, MOST_BYTES, 5_000_000):
        told = client.post("/read", content=b"a" * length).json()
        assert told["read"] == length
    with connect(server) as connection:  # the head comes alone, and the body in bits
        connection.sendall(b"POST /read HTTP/1.1\r\n" + HEAD + b"Content-Length: 10\r\n\r\n")
        for _ in range(10):
            connection.sendall(b"a")
        connection.shutdown(socket.SHUT_WR)
        answer = read_all(connection)
    assert b'"read": 10' in answer
    assert b'"pid": %d' % pages in answer


def test_requests_sent_together_are_answered_in_their_order(client, server):  # noqa: F811
    paths = [HIT, PAGE, b"/slow", HIT, PAGE]
    for first in (PAGE, HIT):
        with connect(server) as connection:
            connection.sendall(get(first))
            assert connection.recv(65536)
            connection.sendall(b"".join(map(get, paths)))
            connection.shutdown(socket.SHUT_WR)
            answers = read_all(connection).split(b"HTTP/1.1 200 OK")[1:]
        assert len(answers) == len(paths)
        for path, answer in zip(paths, answers, strict=True):
            assert b'"path": "%s"' % path in answer


@pytest.mark.parametrize(("first", "second"), [(HIT, PAGE), (PAGE, HIT), (HIT, HIT)])
def test_a_head_that_begins_in_another_requests_packet_stays_where_it_began(
    server,  # noqa: F811
    first,
    second,
):
    """The first answer is out before the rest of the second head comes."""
    head = get(second)
    with connect(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for cut in range(1, len(head)):
            connection.sendall(get(first) + head[:cut])
            assert b'"path": "%s"' % first in one_answer(connection)
            connection.sendall(head[cut:])
            answer = one_answer(connection)
            assert b"200 OK" in answer, cut
            assert b'"path": "%s"' % second in answer, cut


def one_answer(connection) -> bytes:
    text = b""
    while not text.endswith(b"}"):  # of the JSON
        part = connection.recv(65536)
        assert part, text
        text += part
    return text


def test_a_body_behind_another_request_comes_in_whole(client, server):  # noqa: F811
    length = 5_000_000
    head = b"POST /read HTTP/1.1\r\n" + HEAD + b"Content-Length: %d\r\n\r\n" % length
    with connect(server) as connection:
        connection.sendall(get(PAGE))
        one_answer(connection)
        connection.sendall(get(HIT) + head + b"a" * length)
        connection.shutdown(socket.SHUT_WR)
        assert b'"read": %d' % length in read_all(connection)


def test_who_makes_pages_does_not_hold_the_port(server, client):  # noqa: F811
    hits, pages = parts(client)
    assert listens(hits, client.base_url.port)
    assert not listens(pages, client.base_url.port)


def listens(pid: int, port: int) -> bool:
    """By the kernel's tables: whether the process has the socket that waits at the port."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    waiting = {row[9] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == port}
    assert waiting
    held = {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()}
    return not waiting.isdisjoint(name.partition("[")[2].rstrip("]") for name in held)


def test_a_head_in_bits_is_answered(server):  # noqa: F811
    for path in (HIT, PAGE):
        with connect(server) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in get(path, b"Connection: close\r\n"):
                connection.sendall(bytes([byte]))
            assert b'"path": "%s"' % path in read_all(connection)


@pytest.mark.parametrize("path", [HIT, PAGE])
def test_a_worker_that_dies_is_replaced_by_one_of_its_part(server, client, path):  # noqa: F811
    before = parts(client)
    killed = pid(client, path)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: len(workers_of(server) - {killed}) == len(Part))
    with another(client) as new:
        after = parts(new)
    assert set(after) == workers_of(server)
    assert len(set(before) - set(after)) == 1
    kept = before.index((set(before) & set(after)).pop())
    assert before[kept] == after[kept]


def test_there_are_no_fewer_workers_than_parts(server, client):  # noqa: F811
    parts(client)
    server.process.send_signal(signal.SIGTTOU)
    server.until("Two workers are the least")
    assert len(set(parts(client))) == len(Part)


def test_fewer_workers_leave_both_parts(server, client):  # noqa: F811
    """gunicorn ends the oldest, which here is the only one that makes pages."""
    hits, _ = parts(client)
    os.kill(hits, signal.SIGKILL)
    wait_until(lambda: len(workers_of(server) - {hits}) == len(Part))
    server.process.send_signal(signal.SIGTTIN)
    wait_until(lambda: len(workers_of(server)) == 3)
    server.process.send_signal(signal.SIGTTOU)

    def both():
        with another(client) as new:
            return len(workers_of(server)) == 2 and set(parts(new)) == workers_of(server)

    wait_until(both)


def test_requests_that_come_while_all_end_are_answered(server, client):  # noqa: F811
    """Both workers are told, and one of them knows first."""
    parts(client)
    with ExitStack() as open_ones:
        waiting = [open_ones.enter_context(another(client)) for _ in range(30)]
        assert [new.get(HIT.decode()).status_code for new in waiting] == [200] * len(waiting)
        server.process.terminate()
        told, answered = time.monotonic(), []
        while waiting and time.monotonic() - told < TICK_SECONDS:  # later, an idle one is closed
            answered.append(waiting.pop().get(PAGE.decode()).status_code)
    assert answered
    assert set(answered) == {200}
    assert server.status() == 0


def test_one_worker_alone_does_all(launch):
    one = launch(command=GUNICORN, settings={"WEB_CONCURRENCY": "1"})
    address = f"http://127.0.0.1:{one.environment['PORT']}"
    wait_until(lambda: list(one.folder.glob("var/*.began")))
    with httpx.Client(base_url=address, timeout=60, trust_env=False, verify=False) as client:
        assert len(set(parts(client))) == 1
