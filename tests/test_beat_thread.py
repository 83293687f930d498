"""The worker of the Procfile, which is beat as well."""

import os
import secrets
import shlex
import signal
import sys
import time

import httpx
import pytest
from honcho.environ import parse_procfile

from pixeltrack.processes import NICENESS
from tests.services import Service, free_port, wait_until
from tests.stack import ROOT, Stack

WORKER = parse_procfile((ROOT / "Procfile").read_text()).processes["worker"]
PORT = free_port()
METRICS = f"http://127.0.0.1:{PORT}"
BEATS = 'pixeltrack_heartbeat_timestamp_seconds{process="beat"}'
DONE = 'pixeltrack_tasks_total{outcome="succeeded",task="campaigns.tasks.import_what_is_due"}'
SOON = 10  # seconds; more than an end may take on a busy machine, less than the launcher's patience


@pytest.fixture(scope="module")
def stack(folder):
    place = folder / "beat_thread"
    place.mkdir()
    stack = Stack(place)
    try:
        stack.redis.start()
        stack.prepare()
        yield stack
    finally:
        stack.stop()


@pytest.fixture
def start(stack):
    """Starts it, with more words; it ends with the test."""
    started = []

    def start(*words: str) -> Service:
        program, *arguments = shlex.split(WORKER)
        assert program == "python"
        environment = stack.environment | {"PIXEL_METRICS_PORT": str(PORT)}
        command = [sys.executable, *arguments, *words]
        name = f"worker-{secrets.token_hex(4)}"
        started.append(Service(name, command, stack.folder, environment))
        return started[-1].start()

    yield start
    for worker in started:
        worker.kill()


def told(address: str) -> str:
    try:
        reply = httpx.get(METRICS + address, trust_env=False, timeout=30)
    except httpx.HTTPError:
        return ""
    return reply.text if reply.status_code == 200 else ""


def niceness(process: int) -> set[int]:
    """That of its threads, each of which has one of its own."""
    threads = os.listdir(f"/proc/{process}/task")
    return {os.getpriority(os.PRIO_PROCESS, int(thread)) for thread in threads}


def test_it_does_what_is_due_tells_of_both_and_stops_when_it_is_asked_to(start, stack):
    worker = start()
    worker.wait_for(lambda: f"{DONE} 2.0" in told("/metrics"))
    assert BEATS in told("/metrics")
    assert told("/healthz")
    assert niceness(worker.process.pid) == {os.getpriority(os.PRIO_PROCESS, 0) + NICENESS}
    began = time.monotonic()
    assert worker.stop(signal.SIGTERM, within=SOON) == 0
    assert time.monotonic() - began < SOON
    assert "CRITICAL" not in worker.text()
    assert list(stack.var.glob("celerybeat-schedule*"))  # when it did what


@pytest.mark.parametrize("scheduler", ["Failing", "Leaving"])
def test_a_beat_that_breaks_off_ends_the_worker(start, scheduler):
    worker = start("--scheduler", f"tests.ailing_scheduler:{scheduler}")
    wait_until(lambda: worker.process.poll() is not None, what="the worker ends")
    assert worker.process.returncode == 1
    assert "The worker ends, because its beat has ended." in worker.text()
    assert ("Beat failed (RuntimeError)" in worker.text()) == (scheduler == "Failing")


def test_a_beat_that_can_not_begin_ends_the_worker(start, stack):
    worker = start("--schedule", str(stack.folder / "missing" / "notes"))
    wait_until(lambda: worker.process.poll() is not None, what="the worker ends")
    assert worker.process.returncode == 1
    assert "Beat failed (" in worker.text()


def test_it_stops_without_the_redis_too(start, stack):
    worker = start()
    worker.wait_for(lambda: f"{DONE} 1.0" in told("/metrics"))
    stack.redis.kill()
    try:
        worker.wait_for(lambda: "Connection to broker lost" in worker.text())
        assert worker.stop(signal.SIGTERM, within=SOON) == 0
    finally:
        stack.redis.start()
