"""What an opening costs: CPU of each process, bytes in each store."""

import time
from argparse import Namespace
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import redis

from benchmarks.freshness_run import BUFFER_POOL, send_steadily
from tests.api import STREAM
from tests.ledger.journal import Journal
from tests.ledger.plan import user_agents
from tests.nginx import NGINX
from tests.services import MariaDB, Service
from tests.stack import Stack
from tests.wire import exchange, request

TICK_S = 0.01  # of /proc/<pid>/stat
IDLE_S = 5.0
DRAIN_S = 600.0  # on a machine that has other things to do
UNLIMITED = 1_000_000  # hits a second
TIERS = ("nginx", "web", "redis", "consumer", "mariadb")
# What an opening adds a row to, and what was there before it.
TABLES = {
    "openings": "tracking_opening",
    "opened contacts": "tracking_contactopenings",
    "contacts": "campaigns_contact",
    "pixels": "campaigns_pixel",
}
SPOOL_LINE = """
from os import urandom
from time import time_ns
from tracking.hit import Hit
from tracking.spool import make_line
hit = Hit(urandom(16), urandom(16), time_ns() // 1_000_000, {reader!r}, "", "192.0.2.0/24")
answer = len(make_line(hit.event_id, hit.packed))
"""


@dataclass
class Cost:
    """Of one opening: microseconds, bytes."""

    database: str = ""  # its version
    hits: int = 0
    rate: float = 0.0  # reached, hits a second
    cpu: dict[str, float] = field(default_factory=dict)  # by tier
    flood_rate: float = 0.0  # as fast as the client sends
    flood_cpu: dict[str, float] = field(default_factory=dict)
    idle: dict[str, float] = field(default_factory=dict)  # by tier: percent of a core without load
    rows: dict[str, float] = field(default_factory=dict)  # by table: bytes of a row, with indexes
    binary_log: float = 0.0
    redis_filter: float = 0.0
    redis_stream: float = 0.0
    redis_file: float = 0.0  # appended to the append-only file
    spool: float = 0.0
    answer: float = 0.0  # head and GIF, by NGINX
    problems: list[str] = field(default_factory=list)


class Run:
    def __init__(self, folder: Path, options):
        self.folder, self.options, self.cost = folder, options, Cost()
        self.binary_log = folder / "binary-log"
        self.mariadb = MariaDB(
            folder, BUFFER_POOL, f"--log-bin={self.binary_log}", "--server-id=1",
            "--binlog-format=ROW", "--sync-binlog=1",
        )  # fmt: skip
        self.stack: Stack | None = None
        self.nginx: NGINX | None = None

    def execute(self) -> Cost:
        try:
            self.mariadb.start()
            self.start()
            self.measure()
        finally:
            for each in (self.nginx, self.stack, self.mariadb):
                if each:
                    each.stop()
        return self.cost

    def start(self):
        place = self.folder / "product"
        place.mkdir()
        settings = {"WEB_CONCURRENCY": "1", "TRUSTED_PROXIES": "1"}
        self.stack = Stack(place, mariadb=self.mariadb, **settings).start()
        self.nginx = NGINX(place, [self.stack.port]).start()

    def service(self, tier: str) -> Service:
        return {"nginx": self.nginx, "mariadb": self.mariadb}.get(tier) or self.stack.services[tier]

    def measure(self):
        options, stack, cost = self.options, self.stack, self.cost
        parts = (options.warm_up, options.hits, options.flood, options.waiting)
        campaign, pixels = stack.new_campaign(contacts=sum(parts), pixels=1)
        paths = ["/p/" + pixel["url"].rpartition("/p/")[2] for pixel in pixels]
        left = iter(paths)
        warm_up, hits, flood, waiting = ([*islice(left, part)] for part in parts)
        self.measure_bytes_of_answer(warm_up.pop())
        self.send("warm-up", warm_up)
        stack.settle(within=DRAIN_S)
        self.measure_idle()
        logged = self.logged()
        cost.hits, (cost.rate, cost.cpu) = len(hits), self.measure_cpu("hits", hits)
        cost.binary_log = (self.logged() - logged) / len(hits)
        cost.flood_rate, cost.flood_cpu = self.measure_cpu("flood", flood, rate=UNLIMITED)
        self.measure_redis(waiting)
        self.measure_tables()
        self.cost.spool = stack.shell(SPOOL_LINE.format(reader=user_agents()[0]))
        total = stack.get(f"/api/campaigns/{campaign}/statistics/")["openings"]["total"]
        if total != len(paths):
            self.cost.problems.append(f"{len(paths)} hits, and {total} openings in the end")

    def measure_bytes_of_answer(self, path: str):
        self.cost.answer = len(exchange(self.nginx.url, request("GET", path)))

    def send(self, what: str, paths: list[str], **other) -> Journal:
        options = Namespace(**vars(self.options) | other)
        journal = send_steadily(self.folder, what, paths, self.nginx.port, options)
        if failed := journal.wrong or journal.killed:
            self.cost.problems.append(f"{what}: {len(failed)} hits had no GIF")
        return journal

    # -- CPU -------------------------------------------------------------------------------------
    def used(self) -> dict[str, float]:
        return {tier: cpu_seconds(self.service(tier).process.pid) for tier in TIERS}

    def measure_idle(self):
        before = self.used()
        time.sleep(IDLE_S)
        self.cost.idle = {
            tier: (used - before[tier]) / IDLE_S * 100 for tier, used in self.used().items()
        }

    def measure_cpu(self, what: str, paths: list[str], **other) -> tuple[float, dict[str, float]]:
        """The rate that was reached, and µs of CPU of each tier until all are recorded."""
        before, begun = self.used(), time.monotonic()
        journal = self.send(what, paths, **other)
        self.stack.settle(within=DRAIN_S)
        seconds, used = time.monotonic() - begun, self.used()
        sent = sorted(answer.sent for answer in journal.answers)
        idle = {tier: self.cost.idle[tier] / 100 * seconds for tier in TIERS}
        return (len(sent) - 1) / (sent[-1] - sent[0]), {
            tier: (used[tier] - before[tier] - idle[tier]) / len(sent) * 1e6 for tier in TIERS
        }

    def logged(self) -> int:
        return sum(path.stat().st_size for path in self.folder.glob("binary-log.0*"))

    # -- Bytes -----------------------------------------------------------------------------------
    def measure_redis(self, paths: list[str]):
        """With all of these waiting in the stream, and when they are recorded. The filter then
        holds a key for each hit of the run."""
        assert self.service("consumer").stop() == 0
        with redis.Redis.from_url(self.stack.redis.url) as client:

            def used() -> int:
                return client.info("memory")["used_memory"]

            file = client.info("persistence")["aof_current_size"]
            self.send("waiting", paths)
            written = client.info("persistence")["aof_current_size"] - file
            self.cost.redis_file = written / len(paths)
            self.cost.redis_stream = client.memory_usage(STREAM, samples=0) / len(paths)
            self.service("consumer").start()
            self.stack.settle(within=DRAIN_S)
            keys, before = client.dbsize(), used()
            client.flushdb()
            self.cost.redis_filter = (before - used()) / keys

    def measure_tables(self):
        names = {table: what for what, table in TABLES.items()}
        found = self.stack.shell(f"""
from django.db import connection
names = {list(names)!r}
answer = {{}}
with connection.cursor() as cursor:
    cursor.execute("SELECT VERSION()")
    answer["version"] = cursor.fetchone()[0]
    for name in names:
        cursor.execute(f"OPTIMIZE TABLE {{name}}")
        cursor.fetchall()
        cursor.execute(f"ANALYZE TABLE {{name}}")
        cursor.fetchall()
        cursor.execute(f"SELECT COUNT(*) FROM {{name}}")
        rows = cursor.fetchone()[0]
        cursor.execute(
            "SELECT data_length + index_length FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_name = %s",
            [name],
        )
        answer[name] = int(cursor.fetchone()[0]) / rows
""")
        self.cost.database = found.pop("version")
        self.cost.rows = {names[table]: size for table, size in found.items()}


def cpu_seconds(leader: int) -> float:
    """User and system time of a process and of all that it has started in its session, with what
    has ended of it."""
    seconds = 0.0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(after_name[3]) == leader:
            seconds += sum(map(int, after_name[11:15])) * TICK_S
    return seconds
