"""The system under proof: gunicorn with two workers, two consumers, Redis, a database, a spool."""

import contextlib
import random
import signal
import sys
from pathlib import Path

import redis

from tests.services import GaveUp, MariaDB, Service, wait_until
from tests.stack import STREAM, Stack

GROUP = "recorders"
CONSUMERS = ("consumer-1", "consumer-2")


class System:
    """`sabotage` names what is to be broken in it on purpose; see sabotage.py."""

    def __init__(self, folder: Path, database: str, seed: int, sabotage=""):
        self.folder, self.sabotage = folder, sabotage
        self.dice = random.Random(f"system {seed}")
        self.mariadb = MariaDB(folder) if database == "mysql" else None
        self.stack: Stack | None = None
        self.web: Service | None = None
        self.on_move = lambda port: None  # called when the web server is on another port
        self.consumers: dict[str, Service] = {}
        self.ended: list[str] = []  # processes that ended unbidden
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
        )
        self.redis = self.stack.redis
        self.redis.start()
        self.await_redis()
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
        if self.stack:
            self.stack.client.close()
        return problems

    # -- Web -------------------------------------------------------------------------------------
    @property
    def port(self) -> int:
        return int(self.web.environment["PORT"])

    def roll_web(self):
        """Start a web server; if there is one already, clients go to the new one, and it ends."""
        self._webs += 1
        before, name = self.web, f"web-{self._webs}"
        config = "tests.ledger.sabotage_web" if self.sabotage else "pixeltrack.gunicorn"
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

    # -- What is left to do ----------------------------------------------------------------------
    def waiting(self) -> dict[str, int]:
        """What has not reached the database yet, by where it waits."""
        with self.client() as client:
            entries = client.xlen(STREAM)
            try:
                pending = client.xpending(STREAM, GROUP)["pending"]
            except redis.ResponseError:  # no group
                pending = 0
        spooled = len([*self.spool.glob("*.spool"), *self.spool.glob("*.done")])
        found = {"entries": entries, "pending": pending, "spool files": spooled}
        return {name: number for name, number in found.items() if number}
