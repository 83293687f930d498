"""One run of the ledger: load, faults, drain, judgement."""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from tests.ledger.cluster_faults import ClusterFaults
from tests.ledger.faults import Faults
from tests.ledger.findings import Findings
from tests.ledger.journal import Answer, Journal
from tests.ledger.oracle import Events, Oracle
from tests.ledger.plan import CONTACTS, PIXELS, Fault, plan_faults, plan_requests, user_agents
from tests.ledger.system import System
from tests.services import GaveUp, bare_environment, wait_until

CONNECTIONS = 32
DRAIN_S = 10.0
DRAIN_PATIENCE_S = 30.0
AFTERWARDS_HITS = 60  # that must find everything well again
AFTERWARDS_TRIES = 3
AFTERWARDS_RATE = 60


@dataclass
class Options:
    seed: int = 1
    seconds: float = 60.0
    database: str = "sqlite"
    rate: float = 700.0  # requests a second
    baseline: float = 5.0  # seconds without a fault before the first one
    only: str = ""  # one kind of fault
    schedule: list[Fault] | None = None  # instead of the seed's
    sabotage: str = ""
    consumers_late: bool = False  # start them when hits wait already
    contacts: int = CONTACTS
    timeline: bool = False
    shown: bool = False  # with a progress bar
    shards: int = 0  # of the streams on a Redis Cluster; else there is one Redis
    wait_replicas: int = 0  # of the cluster, before a reply


@dataclass
class Result:
    options: Options
    findings: Findings
    journal: Journal
    begun: float  # of the faults, monotonic
    faults: list[tuple[Fault, float, float, str]] = field(default_factory=list)
    drain: float = 0.0
    openings: int = 0
    page_views: int = 0
    tracebacks: list[str] = field(default_factory=list)
    drained: list[str] = field(default_factory=list)

    @property
    def baseline(self) -> list[Answer]:
        return [answer for answer in self.journal.answers if answer.sent < self.begun]

    @property
    def under_fire(self) -> list[Answer]:
        return [answer for answer in self.journal.answers if answer.sent >= self.begun]


class LoadClient:
    """The process that fetches."""

    def __init__(self, folder: Path, name: str, plan: dict):
        self.journal = folder / f"{name}.journal"
        path = folder / f"{name}.json"
        path.write_text(json.dumps(plan))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.ledger.client", str(path), str(self.journal)],
            stdin=subprocess.PIPE,
            text=True,
            env=bare_environment(PYTHONPATH=".", DJANGO_SETTINGS_MODULE="none"),
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )

    def tell(self, command: str):
        with suppress(OSError):
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()

    def finish(self) -> Journal:
        self.tell("stop")
        with suppress(OSError):  # ended by itself
            self.process.stdin.close()
        status = self.process.wait(30)
        assert status == 0, f"the client ended with {status}"
        return Journal.read(self.journal)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Run:
    def __init__(self, options: Options, folder: Path):
        self.options = options
        self.folder = folder
        self.system = System(
            folder,
            options.database,
            options.seed,
            options.sabotage,
            options.shards,
            options.wait_replicas,
        )
        self.faults: Faults | None = None
        self.threads = []
        self.client: LoadClient | None = None
        self.findings = Findings()
        self.drained: list[str] = []  # what was left, second by second
        self.journals: list[Journal] = []  # of the load, and of the hits when all was over

    def execute(self) -> Result:
        options = self.options
        self.system.start()
        pixels = self.prepare()
        count = int(options.rate * (options.seconds + options.baseline) * 1.1)
        count += AFTERWARDS_HITS * AFTERWARDS_TRIES
        plan = {
            "seed": options.seed,
            "connections": CONNECTIONS,
            "rate": options.rate,
            "port": self.system.port,
            "paths": ["/p/" + pixel["url"].rpartition("/p/")[2] for pixel in pixels],
            "readers": user_agents(),
            "hits": plan_requests(options.seed, len(pixels), count),
        }
        if not options.consumers_late:
            self.system.start_consumers()
            self.await_consumers()
        if options.sabotage == "no_aof":
            self.forget_on_disk()
        begun = self.load(plan)
        drain = self.drain()
        journal = self.client.finish()
        self.journals.append(journal)
        if not options.sabotage:
            self.check_recovery(plan | {"rate": AFTERWARDS_RATE}, journal)
        result = self.judge(plan, pixels, journal, begun)
        result.drain = drain
        return result

    def prepare(self) -> list[dict]:
        path = self.folder / "pixels.json"
        self.django(f"prepare({str(path)!r}, {self.options.contacts}, {PIXELS})")
        return json.loads(path.read_text())

    def django(self, call: str):
        code = f"from tests.ledger.dump import dump, prepare\n{call}"
        self.system.stack.manage("shell", "--verbosity=0", "-c", code)

    def await_consumers(self):
        for consumer in self.system.consumers.values():
            consumer.wait_for(lambda log=consumer: "Recording hits" in log.text())

    def forget_on_disk(self):
        """The sabotage `no_aof`; after the consumers' own check, which would refuse it."""
        with self.system.client() as client:
            client.config_set("appendonly", "no")
        command = self.system.redis.command
        command[command.index("yes")] = "no"

    # -- Load and faults -------------------------------------------------------------------------
    def load(self, plan) -> float:
        """Returns when the faults began, on the monotonic clock."""
        options = self.options
        self.client = LoadClient(self.folder, "load", plan)
        self.system.on_move = lambda port: self.client.tell(f"port {port}")
        self.system.on_clock = lambda: self.client.tell("clock")
        wait_until(
            lambda: self.client.journal.exists() and self.client.journal.stat().st_size,
            within=10,
            what="the client has begun",
        )
        time.sleep(options.baseline)
        begun = time.monotonic()
        schedule = options.schedule
        if schedule is None:
            schedule = plan_faults(options.seed, options.seconds, options.database, options.only)
        self.faults = (ClusterFaults if options.shards else Faults)(self.system)
        self.threads = self.faults.run(schedule)
        with tqdm(
            total=round(options.seconds), unit="s", disable=not options.shown, leave=False
        ) as bar:
            while (passed := time.monotonic() - begun) < options.seconds:
                time.sleep(min(0.25, options.seconds - passed))
                bar.n = min(round(passed), bar.total)
                bar.set_postfix_str(f"{len(self.faults.log)} of {len(schedule)} faults")
            self.client.tell("stop")
            bar.set_postfix_str("mending")
            for thread in self.threads:
                thread.join()
        if not self.system.consumers:
            self.system.start_consumers()
        return begun

    def drain(self) -> float:
        """Everything runs again: how long until nothing waits any more."""
        self.client.process.wait(30)
        begun = time.monotonic()
        last = [0.0]

        def is_drained():
            left, now = self.system.waiting(), time.monotonic()
            if now - last[0] > 1:
                last[0] = now
                self.drained.append(f"{now - begun:.0f} s: {left}")
            return not left

        try:
            wait_until(
                is_drained,
                within=DRAIN_PATIENCE_S if not self.options.sabotage else DRAIN_S,
                what="all is drained",
                every=0.05,
            )
        except GaveUp:
            left = ", ".join(f"{n} {name}" for name, n in self.system.waiting().items())
            self.findings.other.append(f"not drained: {left}")
        return time.monotonic() - begun

    def check_recovery(self, plan, journal: Journal):
        """With everything well, hits must take the first way again: through Redis."""
        first = len(plan["hits"]) - AFTERWARDS_HITS * AFTERWARDS_TRIES
        assert first > max(journal.tried), "the plan of hits was too short"
        for number in range(AFTERWARDS_TRIES):
            time.sleep(1.5)  # the breakers' rest
            ways = self.fetch_after(plan, first + number * AFTERWARDS_HITS)
            if all(way in ("stored", "refresh") for way in ways[AFTERWARDS_HITS // 2 :]):
                break
        else:
            why = self.system.web.text()[-800:]
            self.findings.other.append(f"with all mended, hits are still {Counter(ways)}: {why}")
        self.drain()

    def fetch_after(self, plan, first) -> list[str]:
        hits = plan["hits"][first : first + AFTERWARDS_HITS]
        client = LoadClient(
            self.folder, f"after-{first}", plan | {"hits": hits, "port": self.system.port}
        )
        try:
            client.process.wait(30)
            after = client.finish()
        finally:
            client.kill()
        self.journals.append(after.moved(first))
        return [answer.outcome for answer in after.answers]

    # -- Judgement -------------------------------------------------------------------------------
    def judge(self, plan, pixels, journal, begun) -> Result:
        path = self.folder / "database.json"
        self.django(f"dump({str(path)!r})")
        database = json.loads(path.read_text())
        # Whoever is kept waiting between the two takes the one for too old.
        wall = max(time.time() - time.monotonic() for _ in range(9))
        events = Events(begun, self.faults.clock, self.faults.poisoned)
        oracle = Oracle(plan, pixels, self.journals, database, wall=wall, events=events)
        findings = oracle.judge()
        findings.other += self.findings.other + self.faults.problems
        for name in self.system.consumers:
            self.system.note_ended(name)
        findings.other += self.system.ended
        findings.lost += self.unsynced()
        return Result(
            self.options,
            findings,
            journal,
            begun,
            sorted(self.faults.log, key=lambda entry: entry[1]),
            openings=len(oracle.openings),
            page_views=len(oracle.views.rows),
            tracebacks=self.tracebacks(),
            drained=self.drained,
        )

    def unsynced(self) -> list[str]:
        """Hits that were answered before the disk had them, where a recorder has looked."""
        path = self.folder / "unsynced"
        if not path.exists():
            return []
        return [f"{line} hits were answered unsynced" for line in path.read_text().split()]

    def tracebacks(self) -> list[str]:
        found = []
        for path in sorted(self.system.stack.folder.glob("*.log")):
            text = path.read_text(errors="replace")
            if trouble := re.search("Traceback|CRITICAL|Fatal", text):
                found.append(f"{path.name}: {text[trouble.start() :][:6000]}")
        return found

    def close(self):
        if self.faults:
            self.faults.stopping.set()
            for thread in self.threads:
                thread.join(30)
        if self.client:
            self.client.kill()
        return self.system.stop()


def execute(options: Options) -> Result:
    with tempfile.TemporaryDirectory(prefix="ledger-") as name:
        run = Run(options, Path(name))
        try:
            result = run.execute()
        finally:
            problems = run.close()
        result.findings.other += problems
        return result
