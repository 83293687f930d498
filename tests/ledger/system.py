"""The system under proof: gunicorn with two workers, two consumers, Redis, a database, a spool."""

import contextlib
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import redis

from tests.api import STREAMS
from tests.redis_cluster import RedisCluster
from tests.services import GaveUp, MariaDB, Service, wait_until
from tests.stack import Stack, streams

GROUP = "recorders"
SPOOL_DISK = "size=64m"
IN_FLIGHT_S = 0.5  # until the requests that were sent before have arrived
CONSUMERS = ("consumer-1", "consumer-2")


class System:
    """`sabotage` names what is to be broken in it on purpose; see sabotage.py. With `shards`, the
    streams are on a Redis Cluster, whose replicas `wait_replicas` is about."""

    def __init__(
        self, folder: Path, database: str, seed: int, sabotage="", shards=0, wait_replicas=0
    ):
        self.folder, self.sabotage = folder, sabotage
        self.cluster = RedisCluster(folder) if shards else None
        self.streams = streams(shards) if shards else STREAMS
        self.stream_settings = (
            {
                "REDIS_STREAM_URL": self.cluster.url,
                "REDIS_STREAM_SHARDS": str(shards),
                "REDIS_WAIT_REPLICAS": str(wait_replicas),
            }
            if shards
            else {}
        )
        self.dice = random.Random(f"system {seed}")
        self.mariadb = MariaDB(folder) if database == "mysql" else None
        self.stack: Stack | None = None
        self.web: Service | None = None
        self.on_move = lambda port: None  # called when the web server is on another port
        self.on_clock = lambda: None  # called before and after the clock is set
        self.consumers: dict[str, Service] = {}
        self.ended: list[str] = []  # processes that ended unbidden
        self.clock = folder / "clock"  # by how many minutes the web processes' one is off
        self.has_spool_disk = False  # the spool has a disk of its own, which may be filled
        self._webs = 0  # started so far

    # -- Start and end ---------------------------------------------------------------------------
    def start(self):
        """All but the consumers."""
        if self.mariadb:
            self.mariadb.start()
        place = self.folder / "ledger"
        place.mkdir()
        self.stack = Stack(
            place,
            mariadb=self.mariadb,
            PIXEL_OUTCOME_HEADER="1",
            TRUSTED_PROXIES="1",  # so that the event ids derive from the client's own
            LEDGER_SABOTAGE=self.sabotage,
            LEDGER_RECORD=str(self.folder / "unsynced"),
            LEDGER_CLOCK=str(self.clock),
            **self.stream_settings,
        )
        self.clock.write_text("0")
        self.mount_spool()
        self.redis = self.stack.redis
        self.redis.start()
        self.await_redis()
        if self.cluster:
            self.cluster.start()
        self.stack.manage("migrate", "--verbosity=0")
        self.roll_web()

    def stop(self):
        problems = []
        services = [*self.consumers.values(), self.web]
        services += [self.redis, self.mariadb] if self.stack else [self.mariadb]
        for service in filter(None, services):
            with contextlib.suppress(ProcessLookupError, AttributeError):
                service.process.send_signal(signal.SIGCONT)
            try:
                service.stop()
            except GaveUp as problem:
                problems.append(str(problem).splitlines()[0])
        if self.cluster:
            self.cluster.stop()
        if self.stack:
            self.stack.client.close()
        if self.has_spool_disk:
            subprocess.run(["umount", "--lazy", str(self.spool)], check=True)
        return problems

    def mount_spool(self):
        """Where nobody may mount a disk, the spool is on that of all."""
        self.spool.mkdir(parents=True)
        command = ["mount", "-t", "tmpfs", "-o", SPOOL_DISK, "tmpfs", str(self.spool)]
        mounted = subprocess.run(command, check=False, capture_output=True)
        self.has_spool_disk = mounted.returncode == 0

    def set_clock(self, minutes: int):
        """Returns when the web processes have done it; see clock_web.py."""
        self.on_clock()
        time.sleep(IN_FLIGHT_S)
        new = self.clock.with_suffix(".new")
        new.write_text(str(minutes))
        new.replace(self.clock)  # nobody reads half of it
        wait_until(lambda: self.clocks() == {str(minutes)}, within=10, what="the clock is set")
        self.on_clock()

    def clocks(self) -> set[str]:
        files = (self.clock.with_suffix(f".{pid}") for pid in self.workers())
        return {file.read_text() if file.exists() else "" for file in files}

    # -- Web -------------------------------------------------------------------------------------
    @property
    def port(self) -> int:
        return int(self.web.environment["PORT"])

    def roll_web(self):
        """Start a web server; if there is one already, clients go to the new one, and it ends."""
        self._webs += 1
        before, name = self.web, f"web-{self._webs}"
        config = "tests.ledger.sabotage_web" if self.sabotage else "tests.ledger.clock_web"
        self.stack.start_web(name, config=config)
        self.web = self.stack.services[name]
        self.on_move(self.port)
        if before:
            before.stop()

    def workers(self) -> list[int]:
        master = self.web.process.pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text()
        return [int(pid) for pid in children.split()]

    def a_worker(self) -> int:
        return self.dice.choice(wait_until(self.workers, within=5, what="there is a worker"))

    # -- Consumers -------------------------------------------------------------------------------
    def start_consumers(self):
        for name in CONSUMERS:
            self.start_consumer(name)

    def start_consumer(self, name):
        command = [sys.executable, "manage.py", "consume"]
        if self.sabotage:
            command = [sys.executable, "-m", "tests.ledger.sabotage_consumer"]
        self.note_ended(name)
        consumer = Service(name, command, self.stack.folder, self.stack.environment)
        self.consumers[name] = consumer.start()

    def note_ended(self, name):
        """A consumer ends only when it is told to: by signal 9, here."""
        before = self.consumers.get(name)
        status = before and before.process.poll()
        if status not in (None, -signal.SIGKILL):
            self.ended.append(f"{name} ended with {status}: {before.text()[-800:]}")

    def a_consumer(self) -> Service:
        return self.consumers[self.dice.choice(sorted(self.consumers))]

    # -- Stores ----------------------------------------------------------------------------------
    @property
    def sqlite(self) -> Path:
        return self.stack.folder / "var" / "pixeltrack.sqlite3"

    @property
    def spool(self) -> Path:
        return self.stack.folder / "var" / "spool"

    @property
    def database_name(self) -> str:
        return self.stack.environment["MYSQL_DATABASE"]

    def restart_redis(self):
        Service.start(self.redis)
        self.await_redis()

    def await_redis(self):
        wait_until(self._redis_answers, within=10, what="Redis answers")

    def _redis_answers(self):
        with contextlib.suppress(redis.RedisError), self.client() as client:
            return client.ping()

    @contextlib.contextmanager
    def client(self):
        client = redis.Redis.from_url(self.redis.url, socket_timeout=3)
        try:
            yield client
        finally:
            client.close()

    def stream_client(self):
        return contextlib.nullcontext(self.cluster.reader()) if self.cluster else self.client()

    # -- What is left to do ----------------------------------------------------------------------
    def waiting(self) -> dict[str, int]:
        """What has not reached the database yet, by where it waits."""
        with self.stream_client() as client:
            entries = sum(map(client.xlen, self.streams))
            try:
                pending = sum(client.xpending(stream, GROUP)["pending"] for stream in self.streams)
            except redis.ResponseError:  # no group
                pending = 0
        spooled = len([*self.spool.glob("*.spool"), *self.spool.glob("*.done")])
        found = {"entries": entries, "pending": pending, "spool files": spooled}
        return {name: number for name, number in found.items() if number}
