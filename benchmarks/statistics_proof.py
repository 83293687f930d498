"""The statistics request at several sizes, and what other trackers do, measured in turn."""

import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from benchmarks.page_views_sides import family
from benchmarks.statistics_campaign import WEEK, Database, Made, Maker, drift
from benchmarks.statistics_truth import Truth, a_week
from tests.services import MariaDB
from tests.stack import Stack

KINDS = ("whole", "period", "live", "new")
# As if something had been counted since the last request: of this day, or of all of them.
CHANGED = (
    "UPDATE tracking_countedday SET stamp = FLOOR(1 + RAND() * POW(2, 62))"
    " WHERE group_id IN %(groups)s"
)
BUSIEST = (
    "SELECT DATE(quarter) FROM tracking_openingcount WHERE group_id IN %(groups)s"
    " GROUP BY 1 ORDER BY SUM(openings) DESC LIMIT 1"
)
WARM_UP = 10  # requests of each kind
CHECKED = 10_000  # openings: up to so many, `rebuild_counts --check` looks at all of them
OPTIONS = (
    "--innodb-buffer-pool-size=4G",
    # Nobody pulls its plug; that is for the writing, and reading is not measured from the disk.
    "--innodb-flush-method=nosync",
    "--skip-innodb-doublewrite",
    "--innodb-log-file-size=1G",
)
# The way of trackers that count their openings: by group, by hour and by verdict.
COUNTED = "COUNT(*), SUM(begins_mail_open), COUNT(DISTINCT contact_id)"
PEER = [
    f"SELECT group_id, {COUNTED} FROM tracking_opening WHERE group_id IN %(groups)s GROUP BY 1",
    f"SELECT group_id, LEFT(opened_at, 13), {COUNTED} FROM tracking_opening"
    " WHERE group_id IN %(groups)s GROUP BY 1, 2",
    f"SELECT group_id, verdict, {COUNTED} FROM tracking_opening"
    " WHERE group_id IN %(groups)s GROUP BY 1, 2",
]
QUERIES = """
import json
from campaigns.models import Campaign
from django.db import connection
from tracking.statistics import statistics_of
campaign, queries, cursor = Campaign.objects.get(pk={pk}), [], connection.cursor()
def reads():
    cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%%'")
    return sum(int(number) for _, number in cursor.fetchall())
def kept(execute, sql, params, many, context):
    queries.append((sql, params))
    return execute(sql, params, many, context)
before = reads()
with connection.execute_wrapper(kept):
    statistics_of(campaign)
rows = reads() - before
tables = []
for sql, params in queries:
    cursor.execute("EXPLAIN " + sql, params)
    names = [column[0] for column in cursor.description]
    tables += [dict(zip(names, row)) for row in cursor.fetchall()]
answer = {{"rows": rows, "queries": len(queries), "tables": [
    [str(row[name]) for name in ("table", "type", "key", "rows")] for row in tables
]}}
"""


@dataclass
class Size:
    """What was measured of one campaign; seconds."""

    made: Made
    # How long each took, and the CPU that web process and database used.
    requests: dict[str, list[tuple[float, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    peer: list[float] = field(default_factory=list)
    bytes: int = 0  # of the answer
    queries: int = 0
    read: int = 0  # rows, by all queries of an answer
    tables: list[list[str]] = field(default_factory=list)  # name, type, key, rows as estimated
    drift: list[int] | None = None
    problems: list[str] = field(default_factory=list)


@dataclass
class Found:
    version: str = ""
    gigabytes: float = 0.0  # of data and indexes
    sizes: list[Size] = field(default_factory=list)


class Proof:
    """On a MariaDB of its own in `folder`; use it as a context."""

    def __init__(self, folder: Path, options):
        self.folder, self.options, self.found = folder, options, Found()
        self.mariadb = MariaDB(folder, *OPTIONS)
        self.stack = self.database = None

    def __enter__(self):
        self.mariadb.start()
        place = self.folder / "product"
        place.mkdir()
        settings = {"WEB_CONCURRENCY": "1", "API_ACCESS_TOKEN_EXPIRE_MINUTES": "1440"}
        self.stack = Stack(place, mariadb=self.mariadb, **settings).start()
        self.database = Database(self.stack)
        self.maker = Maker(self.stack, self.database)
        [(self.found.version,)] = self.database.run("SELECT VERSION()")
        return self

    def __exit__(self, *exception):
        if self.database:
            self.database.close()
        for each in (self.stack, self.mariadb):
            if each:
                each.stop()

    def make(self, openings: int, days: int = WEEK):
        """One more campaign."""
        size = Size(self.maker.make(openings, days))
        self.found.sizes.append(size)
        if openings <= CHECKED:
            size.drift = drift(self.stack, size.made)
            if any(size.drift):
                size.problems.append(f"recounting finds {size.drift}")
        for table in ("campaigns_contact", "tracking_opening", "tracking_openingcount"):
            self.database.run(f"ANALYZE TABLE {table}")
        [(self.found.gigabytes,)] = self.database.run(
            "SELECT SUM(data_length + index_length) / POW(2, 30) FROM information_schema.tables"
            " WHERE table_schema = DATABASE()"
        )

    # -- Time ------------------------------------------------------------------------------------
    def measure(self):
        """The sizes in turn, request by request; then what the peer does."""
        for _ in range(WARM_UP):
            self.ask_all(lambda *_: None)
        for _ in tqdm(range(self.options.requests), desc="requests of each kind"):
            self.ask_all(lambda size, kind, *seconds: size.requests[kind].append(seconds))
        for _ in tqdm(range(self.options.peer_runs), desc="what others do"):
            for size in self.found.sizes:
                began = time.perf_counter()
                for query in PEER:
                    self.database.run(query, {"groups": size.made.groups})
                size.peer.append(time.perf_counter() - began)

    def ask_all(self, note):
        for kind in KINDS:
            for size in self.found.sizes:
                self.prepare(size, kind)
                request = self.request(size, kind)
                used, began = self.cpu(), time.perf_counter()
                reply = self.stack.client.send(request)
                took = time.perf_counter() - began
                note(size, kind, took, self.cpu() - used)
                assert reply.status_code == 200, reply.text[:500]

    def cpu(self) -> float:
        """Seconds that web process and database have used so far, to the nanosecond."""
        services = self.stack.services["web"], self.mariadb
        pids = (pid for each in services for pid in family(each))
        return sum(time.clock_gettime(cpu_clock(pid)) for pid in pids)

    def prepare(self, size: Size, kind: str):
        groups = {"groups": size.made.groups}
        if kind == "live":
            [(day,)] = self.database.run(BUSIEST, groups)
            self.database.run(f"{CHANGED} AND day = %(day)s", groups | {"day": day})
        elif kind == "new":
            self.database.run(CHANGED, groups)

    def request(self, size: Size, kind: str):
        begin, end = a_week(size.made)
        asked = {"from": begin.isoformat(), "to": end.isoformat(), "bucket": "hour"}
        return self.stack.client.build_request(
            "GET",
            f"/api/campaigns/{size.made.pk}/statistics/",
            params=asked if kind == "period" else None,
        )

    # -- Whether it is right ---------------------------------------------------------------------
    def judge(self):
        for size in tqdm(self.found.sizes, desc="held to the openings"):
            answers = [self.stack.client.send(self.request(size, kind)) for kind in KINDS[:2]]
            size.bytes = len(answers[0].content)
            truth = Truth(self.database, size.made, a_week(size.made))
            size.problems += truth.differences(*map(json.loads, (a.text for a in answers)))
            told = self.stack.shell(QUERIES.format(pk=size.made.pk))
            size.queries, size.read, size.tables = (
                told[name] for name in ("queries", "rows", "tables")
            )


def cpu_clock(pid: int) -> int:
    """Of another process, as Linux numbers them: finer than the hundredths of /proc/*/stat."""
    return (~pid << 3) | 2
