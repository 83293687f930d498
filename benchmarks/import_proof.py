"""Contact imports, measured and killed, on one database."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from statistics import median

from celery import Celery
from tqdm import tqdm

from benchmarks.merge_file import MergeFileRun
from tests.contact_list import PIXELS, ContactList
from tests.importers import WORKERS, Import, Importers, Kills
from tests.services import MariaDB
from tests.stack import ROOT, Stack

TASK = "campaigns.tasks.import_what_is_due"
PATIENCE_S = 3 * 3600
KILLS = 10


@dataclass
class Size:
    """What was measured with a list of so many rows."""

    rows: int
    imports: list[float] = field(default_factory=list)  # seconds
    peers: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)  # bytes, the most that the worker held

    @property
    def ratio(self) -> float:
        return median(self.imports) / median(self.peers)


@dataclass
class Found:
    """What came out on one database."""

    database: str
    version: str = ""
    sizes: list[Size] = field(default_factory=list)
    states: list[tuple[str, dict]] = field(default_factory=list)  # of what, and what was left
    kills: list[tuple[str, int]] = field(default_factory=list)
    kills_seconds: float = 0.0
    longest_rest: float = 0.0  # in which no row came in
    merge_file: MergeFileRun | None = None
    problems: list[str] = field(default_factory=list)


class Proof:
    """On SQLite, or on a MariaDB of its own, in `folder`."""

    def __init__(self, folder: Path, database: str, changed):
        self.folder, self.found, self.changed = folder, Found(database), changed
        self.mariadb = MariaDB(folder) if database == "mysql" else None
        self.stack = self.peer = None
        self.numbers = count(1)

    def __enter__(self):
        if self.mariadb:
            self.mariadb.command += ["--innodb-buffer-pool-size=1G"]  # as a server's own would be
            self.mariadb.start()
        self.stack, self.peer = self.new_stack("product"), self.new_stack("peer")
        self.stack.start()
        self.peer.manage("migrate", "--verbosity=0")
        self.found.version = self.stack.shell(
            "from django.db import connection as c; c.ensure_connection()\n"
            "answer = '.'.join(map(str, c.get_database_version()))"
        )
        return self

    def __exit__(self, *exception):
        self.peer.client.close()
        for each in (self.stack, self.mariadb):
            if each:
                each.stop()

    def new_stack(self, name: str) -> Stack:
        place = self.folder / name
        place.mkdir()
        return Stack(
            place,
            mariadb=self.mariadb,
            WEB_CONCURRENCY="1",
            PIXEL_OUTCOME_HEADER="1",
            API_ACCESS_TOKEN_EXPIRE_MINUTES="1440",
        )

    # -- Rate and memory -------------------------------------------------------------------------
    def measure(self, contacts: ContactList, runs: int):
        """So many imports, and in turn with them as many runs of the hand-written script."""
        size = Size(contacts.rows)
        self.found.sizes.append(size)
        for run in range(runs):
            turns = [self.run_import, self.run_peer]
            for turn in turns if run % 2 else reversed(turns):
                turn(contacts, size)
                self.changed()

    def run_import(self, contacts: ContactList, size: Size):
        """By a worker that does nothing else; from the task that tells it to the last row."""
        with Importers(self.stack, self.folder) as importers:
            job = importers.send(contacts, self.new_name())
            importers.start(WORKERS[0])
            self.wake(importers)
            began = time.time()
            self.broker().send_task(TASK)
            self.follow(job)
            ended = datetime.fromisoformat(job.told()["finished_at"]).timestamp()
            size.imports.append(ended - began)
            size.memory.append(importers.most_memory(WORKERS[0]))
        self.judge(f"{contacts.rows:,} rows", job)
        self.last = job

    def broker(self) -> Celery:
        socket = self.stack.redis.socket
        return Celery(broker=f"redis+socket://{socket}?virtual_host=0")

    def wake(self, importers: Importers):
        """Until the worker takes tasks: how long its start takes is not the question."""
        control = self.broker().control
        while not control.ping(timeout=1):
            assert importers.services[WORKERS[0]].process.poll() is None

    def run_peer(self, contacts: ContactList, size: Size):
        path = contacts.write(self.folder / "peer.csv")
        group = self.peer.shell(f"""
from accounts.models import Team
from campaigns.models import Campaign
team, _ = Team.objects.get_or_create(name="Peer")
answer = Campaign.objects.start(team=team, name={self.new_name()!r}).groups.get().pk
""")
        command = [sys.executable, "-m", "benchmarks.peers.insert_contacts"]
        with tqdm(desc=f"{contacts.rows:,} rows by hand", bar_format="{desc} {elapsed}"):
            done = subprocess.run(
                [*command, path, str(group), str(PIXELS)],
                env=self.peer.environment,
                cwd=ROOT,
                check=True,
                capture_output=True,
            )
        path.unlink()
        told = json.loads(done.stdout)
        assert told["bad"] == contacts.outcome()["reported"]
        size.peers.append(told["seconds"])

    # -- Kills -----------------------------------------------------------------------------------
    def kill(self, contacts: ContactList, seed: int):
        """Two workers and two beats as in life, each of which is killed, and Redis, at random."""
        kills = Kills(seed, KILLS, contacts.rows)
        with Importers(self.stack, self.folder) as importers:
            job = importers.send(contacts, self.new_name())
            began = time.monotonic()
            importers.start_all()
            with self.bar(job, "killed again and again") as bar:
                kills.execute(importers, job, within=PATIENCE_S, every=0.05, show=bar.show)
                job.wait(within=PATIENCE_S, show=bar.show)
        self.found.kills, self.found.longest_rest = kills.log, job.longest_rest
        self.found.kills_seconds = time.monotonic() - began
        self.judge(f"{contacts.rows:,} rows, {len(kills.log)} kills", job)
        self.changed()

    # -- The merge file --------------------------------------------------------------------------
    def read_merge_file(self, seed: int):
        """Of the largest campaign that was imported."""
        run = MergeFileRun(self.stack, self.last, seed)
        run.read()
        run.fetch()
        self.found.merge_file = run
        self.found.problems += run.problems
        self.changed()

    # -- What was left ---------------------------------------------------------------------------
    def judge(self, what: str, job: Import):
        state, expected = job.state(), job.contacts.outcome()
        self.found.states.append((what, state))
        for name, value in expected.items():
            if state[name] != value:
                self.found.problems.append(f"{what}: {name} is {state[name]} and not {value}")

    def new_name(self) -> str:
        return f"Proof {next(self.numbers)}"

    def follow(self, job: Import):
        with self.bar(job, "imported") as bar:
            job.wait(within=PATIENCE_S, every=0.5, show=bar.show)

    def bar(self, job: Import, what: str) -> "Bar":
        rows = job.contacts.rows
        return Bar(total=rows, desc=f"{self.found.database}, {rows:,} rows {what}", unit=" rows")


class Bar(tqdm):
    def show(self, job: Import):
        if job.rows > self.n:
            self.update(job.rows - self.n)
