"""gunicorn with our settings and our worker, in front of a small application."""

import asyncio
import os
import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import time_machine
from uvicorn import Config, Server

from pixeltrack.tests.surroundings import wait_until
from pixeltrack.worker import Worker

GUNICORN = [
    *(sys.executable, "-m", "gunicorn", "-c", "python:pixeltrack.gunicorn"),
    "pixeltrack.tests.probe:application",
]
WORKERS = 2
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def server(launch):
    one = launch(command=GUNICORN)
    one.url = f"http://127.0.0.1:{one.environment['PORT']}"
    wait_until(lambda: one.process.poll() is not None or has_begun(one))
    assert one.process.poll() is None, one.text
    return one


def has_begun(server) -> bool:
    """All its workers: one that answers says nothing of the other."""
    begun = list(server.folder.glob("var/*.began"))
    return len(begun) == WORKERS and answers(server.url)


def answers(url) -> bool:
    try:
        return get(url).status_code == 200
    except httpx.TransportError:
        return False


def get(url, **headers) -> httpx.Response:
    return httpx.get(url, headers=headers, timeout=60, trust_env=False, verify=False)


def workers_of(server) -> set[int]:
    return server.processes().keys() - {server.process.pid}


def test_it_finishes_the_request_in_flight_when_asked_to_stop(server):
    with ThreadPoolExecutor() as pool:
        reply = pool.submit(get, f"{server.url}/slow")
        server.until("a slow request has begun")
        server.process.terminate()
        assert reply.result().status_code == 200
    assert server.status() == 0
    assert server.text.count("the application has ended") == WORKERS  # once in each of them
    assert not server.processes()


def test_it_believes_no_forwarded_address(server):
    forwarded = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    told = get(server.url, **forwarded).json()
    assert (told["client"], told["scheme"]) == ("127.0.0.1", "http")


def test_it_names_no_server_and_logs_no_request(server):
    reply = get(f"{server.url}/p/a-token.gif?address=somebody@example.com")
    assert "server" not in reply.headers
    assert server.text == ""


def test_its_workers_end_when_gunicorn_itself_is_killed(server):
    workers = wait_until(lambda: len(workers_of(server)) == 2 and workers_of(server))
    os.kill(server.process.pid, signal.SIGKILL)
    server.status()
    wait_until(lambda: not workers & server.processes().keys())


def test_a_worker_that_is_killed_is_replaced(server):
    before = wait_until(lambda: len(workers_of(server)) == 2 and workers_of(server))
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    after = wait_until(
        lambda: (
            killed not in workers_of(server) and len(workers_of(server)) == 2 and workers_of(server)
        )
    )
    assert len(after - before) == 1
    assert answers(server.url)


def test_the_number_of_workers_can_be_set(launch):
    one = launch(command=GUNICORN, settings={"WEB_CONCURRENCY": "1"})
    wait_until(lambda: answers(f"http://127.0.0.1:{one.environment['PORT']}"))
    assert len(workers_of(one)) == 1


def test_metrics_of_an_earlier_start_are_thrown_away(launch, tmp_path):
    old = tmp_path / "var" / "metrics" / "counter_1.db"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"")
    one = launch(command=GUNICORN)
    wait_until(lambda: answers(f"http://127.0.0.1:{one.environment['PORT']}"))
    assert not old.exists()


def test_metrics_that_a_launcher_gathers_are_left_to_it(launch, tmp_path):
    folder = tmp_path / "metrics"
    folder.mkdir()
    (folder / "counter_1.db").write_bytes(b"")
    one = launch(command=GUNICORN, settings={"PROMETHEUS_MULTIPROC_DIR": str(folder)})
    wait_until(lambda: answers(f"http://127.0.0.1:{one.environment['PORT']}"))
    assert (folder / "counter_1.db").exists()
    assert not (tmp_path / "var" / "metrics").exists()


def test_a_wrong_number_of_workers_is_named(launch):
    one = launch(command=GUNICORN, settings={"WEB_CONCURRENCY": "0"})
    assert one.status() == 1
    assert one.text == "PixelTrack can't start: WEB_CONCURRENCY: must be from 1 to 128.\n"


def test_a_client_that_closes_its_own_side_after_asking_is_answered(server):
    with socket.create_connection(("127.0.0.1", int(server.environment["PORT"])), 20) as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        reply = b""
        while part := client.recv(4096):
            reply += part
    assert reply.startswith(b"HTTP/1.1 200")


def test_a_worker_says_that_it_lives_also_with_the_clock_set_back():
    said = []

    async def notify():
        said.append(time.time())

    config = Config(app=None, callback_notify=notify, **Worker.CONFIG_KWARGS)
    config.encoded_headers = []
    server = Server(config)
    for moment in (NOON, NOON - timedelta(hours=2)):
        with time_machine.travel(moment, tick=False):
            asyncio.run(server.on_tick(0))
    assert said == [NOON.timestamp(), (NOON - timedelta(hours=2)).timestamp()]
