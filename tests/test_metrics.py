"""What the processes of containers tell of themselves, started as they are there."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from tests.compose import command_of
from tests.services import Service, bare_environment, free_port, wait_until
from tests.stack import ROOT, Stack
from tests.thorough import THOROUGH

WORKERS = 3
HITS, VIEWS = 90, 60
OUTCOMES = {"stored", "refresh", "database", "spooled", "unknown", "lost"}
TASK = "pixeltrack.tasks.give_sign_of_life"
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


class Told:
    """The processes, and what they say on their ports."""

    def __init__(self, folder: Path):
        self.stack = Stack(folder)
        self.ports: dict[str, int] = {}
        self.stack.redis.start()
        self.stack.prepare()
        for name in ("consumer", "worker", "beat", "web"):
            self.start(name)
        for name in self.ports:
            self.stack.services[name].wait_for(lambda name=name: self.status(name) == 200)

    def start(self, name: str):
        port = self.ports[name] = free_port()
        environment = self.stack.environment | {
            "PIXEL_METRICS_PORT": str(port),
            "PORT": str(self.stack.port),
            "WEB_CONCURRENCY": str(WORKERS),
        }
        service = Service(name, command_of(name), self.stack.folder, environment)
        self.stack.services[name] = service.start()

    def get(self, name: str, path: str) -> httpx.Response:
        url = f"http://127.0.0.1:{self.ports[name]}{path}"
        return httpx.get(url, trust_env=False, timeout=30)

    def status(self, name: str) -> int | None:
        try:
            return self.get(name, "/healthz").status_code
        except httpx.HTTPError:
            return None

    def numbers(self, name: str) -> dict[str, float]:
        """'name{labels}' → value"""
        reply = self.get(name, "/metrics")
        assert reply.status_code == 200
        found = SAMPLE.findall(reply.text)
        return {f"{each}{{{labels}}}" if labels else each: float(n) for each, labels, n in found}

    def collected(self) -> tuple[float, float]:
        """Pixels and page views, by all web workers; counted and timed."""
        numbers = self.numbers("web")
        sums = []
        for counter, kind in (("hits", "pixel"), ("page_views", "page_view")):
            counted = {key: value for key, value in numbers.items()
                       if key.startswith(f"pixeltrack_{counter}_total{{")}  # fmt: skip
            assert counted.keys() == {
                f'pixeltrack_{counter}_total{{outcome="{each}"}}' for each in OUTCOMES
            }
            timed = numbers[f'pixeltrack_collect_seconds_count{{kind="{kind}"}}']
            assert timed == sum(counted.values())
            sums.append(timed)
        return tuple(sums)

    def send(self):
        """Hits over connections of their own, which the kernel spreads over the workers."""
        for number in range(HITS):
            assert self.ask("GET", f"/p/bad-{number}.gif") == 200
        for number in range(VIEWS):
            view = {"page_id": f"/{number}", "user_id": "anna@example.com"}
            assert self.ask("POST", "/track", json.dumps(view)) == 202

    def ask(self, method: str, path: str, body: str | None = None) -> int:
        connection = HTTPConnection("127.0.0.1", self.stack.port, timeout=60)
        with closing(connection):
            connection.request(method, path, body, {"Content-Type": "application/json"})
            return connection.getresponse().status

    def workers(self) -> set[int]:
        master = self.stack.services["web"].process.pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text()
        return set(map(int, children.split()))

    def files(self) -> list[str]:
        master = self.stack.services["web"].process.pid
        maps = Path(f"/proc/{master}/maps").read_text()
        folder = re.search(r"(/\S*pixeltrack-metrics-[^/]+)/", maps)[1]
        return sorted(path.name for path in Path(folder).glob("*.db"))


@pytest.fixture(scope="module")
def told(folder):
    place = folder / "told"
    place.mkdir()
    told = Told(place)
    try:
        yield told
    finally:
        told.stack.stop()


def test_each_process_tells_its_own_and_that_it_goes_on(told):
    for name in ("consumer", "worker", "beat"):
        beat = f'pixeltrack_heartbeat_timestamp_seconds{{process="{name}"}}'
        before = wait_until(lambda name=name, beat=beat: told.numbers(name).get(beat), what=beat)
        assert time.time() - before < 30
        wait_until(lambda name=name, beat=beat, before=before: told.numbers(name)[beat] > before,
                   what="it beats on")  # fmt: skip
    assert told.numbers("consumer")['pixeltrack_stream_lag_seconds{kind="pixel"}'] >= 0
    assert told.numbers("worker")["pixeltrack_quarantined_hits"] == 0
    assert 'pixeltrack_heartbeat_timestamp_seconds{process="beat"}' not in told.numbers("worker")
    asked = re.compile("pixeltrack_(stream_lag|quarantined|campaign_openings|disk)")
    assert not [key for key in told.numbers("beat") if asked.match(key)]


def test_the_worker_tells_of_its_tasks(told):
    done = f'pixeltrack_tasks_total{{outcome="succeeded",task="{TASK}"}}'
    numbers = wait_until(
        lambda: (found := told.numbers("worker")).get(done) and found, what="a task is done"
    )
    assert numbers[f'pixeltrack_tasks_total{{outcome="failed",task="{TASK}"}}'] == 0
    assert numbers[f'pixeltrack_task_seconds_count{{task="{TASK}"}}'] == numbers[done]


def test_three_web_workers_are_one_sum_also_while_one_is_killed_and_replaced(told):
    before = wait_until(lambda: len(found := told.workers()) == WORKERS and found, what="workers")
    pixels, views = told.collected()
    told.send()
    expected = pixels + HITS, views + VIEWS
    assert told.collected() == expected
    seen, stop = [], threading.Event()

    def scrape():
        while not stop.wait(0.05):
            seen.append(told.collected())

    # A death leaves nothing behind but what all of the dead have counted.
    killed = sorted(before)[:2]
    with ThreadPoolExecutor() as pool:
        scraping = pool.submit(scrape)
        try:
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
                wait_until(lambda pid=pid: pid not in told.workers(), what="it is gone")
                wait_until(lambda: len(told.workers()) == WORKERS, what="another one has come")
        finally:
            stop.set()
        scraping.result()
    assert set(seen) == {expected}
    told.send()
    assert told.collected() == (expected[0] + HITS, expected[1] + VIEWS)
    assert not [name for name in told.files() for pid in killed if name.endswith(f"_{pid}.db")]
    assert {"counter_0.db", "histogram_0.db"} <= set(told.files())


def test_no_metric_names_anybody(told):
    told.send()
    for name in told.ports:
        text = told.get(name, "/metrics").text
        assert not re.search(r"@|gAAAA|anna|bad-\d|\b\d+\.\d+\.\d+\.\d+\b", text), name


def test_a_redis_that_hangs_leaves_its_numbers_out_and_nothing_else(told):
    told.stack.redis.process.send_signal(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        numbers = told.numbers("consumer")
        took = time.monotonic() - begun
    finally:
        told.stack.redis.process.send_signal(signal.SIGCONT)
    assert took < 5
    assert not [key for key in numbers if key.startswith("pixeltrack_stream_lag")]
    assert "pixeltrack_disk_free_bytes" in numbers
    wait_until(lambda: 'pixeltrack_stream_lag_seconds{kind="pixel"}' in told.numbers("consumer"),
               what="they are back")  # fmt: skip


def healthcheck(port) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "pixeltrack.healthcheck"],
        env=bare_environment(PIXEL_METRICS_PORT=str(port)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_process_that_stands_still_is_found_out(told):
    assert healthcheck(told.ports["consumer"]).returncode == 0
    told.stack.services["consumer"].process.send_signal(signal.SIGSTOP)
    try:
        found = healthcheck(told.ports["consumer"])
    finally:
        told.stack.services["consumer"].process.send_signal(signal.SIGCONT)
    assert (found.returncode, found.stderr) == (1, "There is no answer (TimeoutError).\n")
    found = healthcheck("")
    assert (found.returncode, found.stderr) == (1, "PIXEL_METRICS_PORT names no port to ask.\n")


@pytest.mark.skipif(not THOROUGH, reason="it takes a minute: `make prove` runs it")
def test_a_worker_that_nobody_asks_for_anything_is_found_out(told):
    told.stack.services["beat"].process.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: told.status("worker") == 503, within=90, what="no sign of life")
        assert healthcheck(told.ports["worker"]).returncode == 1
    finally:
        told.stack.services["beat"].process.send_signal(signal.SIGCONT)
    wait_until(lambda: told.status("worker") == 200, what="it goes on")


def test_a_web_server_whose_workers_do_not_answer_is_found_out(told):
    workers = wait_until(lambda: len(found := told.workers()) == WORKERS and found, what="workers")
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert told.status("web") == 503
        assert "pixeltrack_disk_free_bytes" in told.numbers("web")
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
    wait_until(lambda: told.status("web") == 200, what="they answer")


def test_a_port_that_is_in_use_is_named(told):
    """And all end in time, by the fixture: none of these ports keeps a process from it."""
    environment = told.stack.environment | {"PIXEL_METRICS_PORT": str(told.ports["worker"])}
    second = Service("second", [sys.executable, "manage.py", "consume"], told.stack.folder,
                     environment).start()  # fmt: skip
    assert second.process.wait(60) == 1
    port = told.ports["worker"]
    line = f"PixelTrack can't start: PIXEL_METRICS_PORT: port {port} is in use.\n"
    assert second.text() == line
