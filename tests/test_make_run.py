"""A fresh clone, one command: what a newcomer sees, and what is left after Ctrl-C: nothing."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import httpx
import pytest

from tests import canary
from tests.services import MARK, PATIENCE, bare_environment, free_port, survivors, wait_until
from tests.stack import ROOT
from tests.thorough import promised
from tests.wire import get

TOLD = [  # by the one server, of all processes and stores
    *(
        f'heartbeat_timestamp_seconds{{process="{name}"}}'
        for name in ("consumer", "worker", "beat")
    ),
    'hits_total{outcome="stored"}',
    'recorded_hits_total{decision="recorded"}',
    'tasks_total{outcome="succeeded",task="campaigns.tasks.import_what_is_due"}',
    'stream_lag_seconds{kind="pixel"}',
    'verdict="human"}',
    "spool_bytes",
    "quarantined_hits",
    "imports_running",
    "verdict_data_age_seconds",
]
READER = "Somebody/1.0"  # none of those that are simulated
AT_MOST = 300  # seconds that a start may take on a busy machine
FIRST, SECOND = 180, 10  # … and on one that does nothing else
OURS = f"{os.environ[MARK]}-make-run"  # the mark of what `make run` starts


@pytest.fixture(scope="module")
def clone():
    """What is committed, in a folder of its own; uncommitted changes are not in it."""
    with tempfile.TemporaryDirectory(prefix="pixeltrack-clone-") as folder:
        place = Path(folder) / "pixeltrack"
        subprocess.run(
            ["git", "-c", "safe.directory=*", "clone", "--quiet", f"file://{ROOT}", place],
            check=True,
            env=bare_environment(),
        )
        yield place


class Run:
    """`make run` in the foreground of a terminal of its own, up to Ctrl-C."""

    def __init__(self, clone: Path, port: int):
        self.url = f"http://127.0.0.1:{port}"
        self.output = clone.parent / "output.txt"
        self.started_at = time.monotonic()
        with self.output.open("wb") as output:
            self.make = subprocess.Popen(
                [shutil.which("make"), "run"],
                cwd=clone,
                env=bare_environment(PORT=str(port)) | {MARK: OURS},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        canary.keep(self.output)

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def wait(self, within: float) -> float:
        """Until it has printed its addresses and answers; the seconds that it took."""

        def is_up():
            assert self.make.poll() is None, f"make run ended:\n{self.said()}"
            return re.search(r"/p/\S+\.gif", self.said()) and self.answers()

        wait_until(is_up, within=within, what=f"make run is up\n{self.said()}", every=0.1)
        return time.monotonic() - self.started_at

    def answers(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return get(self.url + "/healthz").status_code == 200
        return False

    def find(self, pattern: str) -> str:
        found = re.search(pattern, self.said())
        assert found, f"no {pattern} in\n{self.said()}"
        return found[0]

    def interrupt(self):
        """Ctrl-C, which the terminal sends to all that runs in its foreground."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.make.pid, signal.SIGINT)
        self.make.wait(PATIENCE)

    def end(self):
        """After a failure: what a proper end leaves, and in any case no process."""
        print(self.said())
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.interrupt()
        for line in survivors(OURS):
            os.kill(int(line.split()[0]), signal.SIGKILL)


@contextlib.contextmanager
def make_run(clone, port):
    run = Run(clone, port)
    try:
        yield run
    except BaseException:
        run.end()
        raise


def log_in(run: Run, clone: Path) -> httpx.Client:
    password = re.search(r"DJANGO_SUPERUSER_PASSWORD=(\S+)", (clone / ".env").read_text())[1]
    assert password in run.said(), "the password is printed"
    client = httpx.Client(base_url=run.url, trust_env=False, timeout=60)
    reply = client.post("/api/token/", json={"username": "admin", "password": password})
    assert reply.status_code == 200, reply.text
    client.headers["Authorization"] = f"Bearer {reply.json()['access']}"
    return client


def openings(client) -> list[dict]:
    return client.get("/api/openings/").json()["results"]


def stop(run: Run):
    run.interrupt()
    assert run.said().endswith("PixelTrack stopped.\n")
    assert "Traceback" not in run.said()
    wait_until(lambda: not survivors(OURS), what=f"gone: {survivors(OURS)}")


def test_one_command_starts_everything_again_and_again_and_ctrl_c_ends_it(clone):
    port = free_port()
    with make_run(clone, port) as run:
        promised(run.wait(AT_MOST), within=FIRST)
        for page in (rf"{run.url}/admin/", rf"{run.url}/sample/\d+/", rf"{run.url}/docs"):
            assert get(run.find(page), follow_redirects=True).status_code == 200
        pixel = run.find(rf"{run.url}/p/\S+\.gif")
        client = log_in(run, clone)
        assert len(client.get("/api/contacts/").json()["results"]) == 20
        assert openings(client) == []
        reply = get(pixel, headers={"User-Agent": READER})
        assert reply.content.startswith(b"GIF89a")
        wait_until(lambda: openings(client), what="the opening is in the API")
        kept = openings(client)
        stop(run)
    secrets = (clone / ".env").read_text()

    with make_run(clone, port) as run:
        promised(run.wait(AT_MOST), within=SECOND)
        assert (clone / ".env").read_text() == secrets
        client = log_in(run, clone)
        assert openings(client) == kept
        get(pixel, headers={"User-Agent": READER})
        simulate(clone, client)
        wait_until(lambda: not missing(run), what=f"in /metrics: {missing(run)}", every=0.5)
        stop(run)


def missing(run: Run) -> list[str]:
    text = get(run.url + "/metrics").text
    return [series for series in TOLD if f"{series} " not in text]


def simulate(clone: Path, client):
    """The command that lets a newcomer see the numbers move."""
    environment = bare_environment(PORT=str(client.base_url.port))
    command = [".venv/bin/python", "manage.py", "simulate_openings"]
    done = subprocess.run(
        [*command, "--count=60", "--rate=200", "--seed=1"],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    expected = int(re.search(r"at most (\d+) openings", done.stdout)[1])
    assert "Sent 60 requests" in done.stdout
    assert "errors: 0" in done.stdout
    wait_until(
        lambda: len(client.get("/api/openings/?page_size=1000").json()["results"]) == expected + 1,
        what=f"{expected} openings more",
    )
