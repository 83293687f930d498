"""What is told on PIXEL_METRICS_PORT, and of what stores leave out."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from django.db import OperationalError
from prometheus_client.core import GaugeMetricFamily

from pixeltrack.exposition import Asked, Exposition
from pixeltrack.metrics_server import MetricsServer
from pixeltrack.tests.surroundings import ROOT, free_port
from tracking import heartbeat
from tracking.heartbeat import Heartbeat


@pytest.fixture
def serve(settings):
    """Starts a server; its address."""
    servers = []

    def start(exposition, is_alive=lambda: True) -> str:
        settings.PIXEL_METRICS_PORT = free_port()
        servers.append(MetricsServer(exposition, is_alive))
        servers[-1].start()
        return f"http://127.0.0.1:{settings.PIXEL_METRICS_PORT}"

    yield start
    for server in servers:
        server.stop()


def get(url) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=30)


def gauge(name="quick") -> list[GaugeMetricFamily]:
    return [GaugeMetricFamily(name, "Something.", value=7)]


def refuse():
    yield from gauge("begun")
    raise OperationalError("(2003, \"Can't connect to server on 'db.internal'\")")


def test_it_tells_what_is_counted_and_what_is_asked(serve):
    url = serve(Exposition(Asked(gauge)))
    reply = get(f"{url}/metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    assert "quick 7.0" in reply.text
    assert "pixeltrack_counts_checked_days_total" in reply.text
    assert "_created" not in reply.text
    assert [get(url + path).status_code for path in ("/", "/healthz?x=1")] == [404, 200]


def test_a_store_that_is_down_is_left_out_whole(serve, caplog):
    text = get(serve(Exposition(Asked(refuse), Asked(gauge))) + "/metrics").text
    assert "quick 7.0" in text
    assert "begun" not in text
    assert "left out (OperationalError)" in caplog.text
    assert "db.internal" not in caplog.text


def test_stores_that_hang_cost_the_budget_once_and_are_asked_one_at_a_time():
    release, asked = threading.Event(), []

    def hang():
        asked.append(1)
        release.wait(30)
        return gauge("slow")

    exposition = Exposition(Asked(hang), Asked(hang), Asked(gauge), budget=0.3)
    for _ in range(2):
        begun = time.monotonic()
        text = exposition.text()
        assert time.monotonic() - begun < 5
        assert b"quick 7.0" in text
        assert b"slow" not in text
    assert len(asked) == 2  # the second scrape found both still busy
    release.set()
    assert b"slow 7.0" in Exposition(*exposition._stores, budget=30).text()


def healthcheck(url: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "pixeltrack.healthcheck"],
        env=os.environ | {"PIXEL_METRICS_PORT": url.rpartition(":")[2]},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_loop_that_hangs_is_found_out_until_it_goes_on(serve, monkeypatch):
    beating = Heartbeat("consumer")
    url = serve(Exposition(), beating.is_alive)
    assert healthcheck(url).returncode == 0
    monkeypatch.setattr(heartbeat, "STALE_S", 0)
    assert get(f"{url}/healthz").status_code == 503
    found = healthcheck(url)
    assert (found.returncode, found.stderr) == (1, "The answer is 503.\n")
    monkeypatch.setattr(heartbeat, "STALE_S", 60)
    beating.beat()
    assert get(f"{url}/healthz").status_code == 200
    assert 'heartbeat_timestamp_seconds{process="consumer"}' in get(f"{url}/metrics").text


def test_where_nobody_listens_the_check_says_so():
    found = healthcheck(f":{free_port()}")
    assert (found.returncode, found.stderr) == (1, "There is no answer (ConnectionRefusedError).\n")


def test_a_fork_does_not_keep_the_port(serve, settings):
    url = serve(Exposition())
    read, write = os.pipe()
    child = os.fork()
    if not child:  # it lives until the pipe closes
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    os.close(read)
    try:
        assert get(f"{url}/healthz").status_code == 200
        port = settings.PIXEL_METRICS_PORT
        connections = subprocess.run(
            ["ls", "-l", f"/proc/{child}/fd"], capture_output=True, text=True, check=True
        )
        lines = Path("/proc/net/tcp").read_text().splitlines()
        listening = {line.split()[9] for line in lines if f":{port:04X} " in line}
        assert listening
        assert not [inode for inode in listening if f"socket:[{inode}]" in connections.stdout]
    finally:
        os.close(write)
        os.waitpid(child, 0)


def test_without_a_port_there_is_no_server(settings):
    settings.PIXEL_METRICS_PORT = 0
    with MetricsServer(Exposition(), lambda: True):
        assert not [each for each in threading.enumerate() if each.name == "metrics"]
