"""One stack whose processes die at the points that a test arms, and its mending afterwards."""

import contextlib
import json
import os
import re
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.api import STREAMS
from tests.faults.commit_cutter import CommitCutter
from tests.faults.databases import MySQL, SQLite
from tests.faults.mail import Hit, Mail
from tests.faults.points import FOLDER, Points
from tests.services import Service, wait_until
from tests.stores import wait_until_written
from tests.wire import exchange, request
from tracking.reply import GIF

CONSUMERS = ("consumer-1", "consumer-2")
GROUP = "recorders"


class World:
    """A web server with one worker, two consumers, their Redis and database."""

    def __init__(self, stack, mariadb):
        self.stack, self.redis = stack, stack.redis
        folder = stack.folder / "points"
        folder.mkdir()
        self.points = Points(folder)
        self.database = MySQL(mariadb, stack) if mariadb else SQLite(stack)
        self.cutter = CommitCutter(mariadb.port) if mariadb else None
        retry = Retry(NoBackoff(), 1)  # the server it was connected to may be another by now
        self.client = redis.Redis.from_url(self.redis.url, socket_timeout=5, retry=retry)
        stack.services["consumer"].stop()
        for name in CONSUMERS:
            self.start_consumer(name)
        self.url = stack.start_web(
            "web-faults",
            config="tests.faults.web",
            WEB_CONCURRENCY="1",
            **{FOLDER: str(folder)},
        )
        # Only Redis calls it a refresh: the database takes no notice of it.
        [self.canary] = Mail(stack, tracking="off").hits(1)

    # -- Processes -------------------------------------------------------------------------------
    @property
    def web(self) -> Service:
        return self.stack.services["web-faults"]

    def worker(self) -> int | None:
        """The pid of the web server's worker, which its master starts again when it dies."""
        master = self.web.process.pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return int(children[0]) if children else None

    def kill_worker(self):
        os.kill(self.worker(), signal.SIGKILL)

    def consumer(self, name: str) -> Service:
        return self.stack.services[name]

    def start_consumer(self, name: str):
        """The second one reaches MariaDB through the cutter."""
        settings = {FOLDER: str(self.points.folder)}
        if self.cutter and name == CONSUMERS[1]:
            settings["MYSQL_PORT"] = str(self.cutter.port)
        self.stack.services[name] = Service(
            name,
            [sys.executable, "-m", "tests.faults.consumer", name],
            self.stack.folder,
            self.stack.environment | settings,
        ).start()

    @contextlib.contextmanager
    def consumers_held(self, *names: str):
        """These, or else both, wait before their next batch."""
        points = [f"{name}-step" for name in names or CONSUMERS]
        with self.points.held(*points):
            self.points.wait_until_reached(*points)
            yield

    def wait_until_no_attempt_waits(self):
        """Until what the web process asked of the database has ended, one way or the other."""
        self.points.wait_until(
            lambda: len(self.points.noted("tried")) == len(self.points.noted("ended")),
            "no attempt to record waits",
        )

    def wait_until_dead(self, name: str):
        process = self.consumer(name).process
        wait_until(lambda: process.poll() is not None, what=f"{name} is dead")
        assert process.returncode == -signal.SIGKILL, self.consumer(name).text()

    def wait_for_line(self, name: str, line: str, since: int = 0):
        """Until this process has said so, after `since` characters of its log."""
        log = self.stack.services[name]
        wait_until(lambda: line in log.text()[since:], what=f"{name} says {line!r}")

    # -- Redis -----------------------------------------------------------------------------------
    def restart_redis(self):
        Service.start(self.redis)
        wait_until(self.redis_answers, what="Redis answers")

    def redis_answers(self) -> bool:
        with contextlib.suppress(redis.RedisError):
            return self.client.ping()
        return False

    @contextlib.contextmanager
    def redis_down(self):
        self.redis.kill()
        try:
            yield
        finally:
            self.restart_redis()

    def redis_log(self) -> Path:
        """Where Redis appends what it is asked to write."""
        [log] = (self.stack.folder / "redis" / "appendonlydir").glob("*.incr.aof")
        return log

    @contextlib.contextmanager
    def redis_writing_nothing(self):
        """Killed at the end, Redis has written nothing of what it answered for meanwhile: as
        when a sync of a slow disk keeps it from writing for up to two seconds."""
        wait_until_written(self.client)  # what came before
        log = self.redis_log()
        written = log.stat().st_size
        yield
        self.redis.kill()
        os.truncate(log, written)

    @contextlib.contextmanager
    def redis_frozen(self):
        os.kill(self.redis.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.redis.process.pid, signal.SIGCONT)

    def waiting(self) -> int:
        """Entries in the streams."""
        return sum(map(self.client.xlen, STREAMS))

    def filter_keys(self) -> list[bytes]:
        keys = self.client.scan_iter("{hits:*", count=1000)
        return [key for key in keys if key.decode(errors="replace") not in STREAMS]

    def filtered(self, pixel: dict) -> set[int]:
        """The times (ms) of openings of this pixel that the filter remembers."""
        uuid = UUID(pixel["uuid"]).bytes
        return {int(self.client.get(key)) for key in self.filter_keys() if uuid in key}

    def forget_filter(self):
        for key in self.filter_keys():
            self.client.delete(key)

    # -- The spool -------------------------------------------------------------------------------
    @property
    def spool(self) -> Path:
        return self.stack.folder / "var" / "spool"

    # -- Hits ------------------------------------------------------------------------------------
    def fetch(self, hit: Hit, *headers: bytes, url="") -> str:
        """What became of the hit, by the reply's own word; every reply must be the GIF."""
        reply = self.try_to_fetch(hit, *headers, url=url)
        head, _, body = reply.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        assert body == GIF
        return outcome_in(head)

    def try_to_fetch(self, hit: Hit, *headers: bytes, url="") -> bytes:
        """The reply; no bytes where the server hung up."""
        pixel, reader = hit
        path = urlsplit(pixel["url"]).path
        lines = [b"User-Agent: " + reader.encode(), *headers, b"Connection: close"]
        try:
            return exchange(url or self.url, request("GET", path, *lines), to_end=True)
        except ConnectionResetError:
            return b""

    def fetch_together(self, hits: list[Hit]) -> list[str]:
        with ThreadPoolExecutor(16) as pool:
            return list(pool.map(self.fetch, hits))

    def fetch_all(self, hits: list[Hit]) -> list[str]:
        return [self.fetch(hit) for hit in hits]

    def send(self, views: list[dict]) -> str:
        """What became of the page views of one list, each of which must be answered."""
        body = json.dumps(views).encode()
        lines = [b"Content-Type: application/json", b"Connection: close"]
        reply = exchange(self.url, request("POST", "/track", *lines, body=body), to_end=True)
        head, _, answer = reply.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 202 "), reply
        told = [row["event_id"] for row in json.loads(answer)["results"]]
        assert told == [view["event_id"] for view in views]
        return outcome_in(head)

    # -- Waiting ---------------------------------------------------------------------------------
    def settle(self):
        """Until nothing waits anywhere: not in a stream, its pending list or the spool."""
        wait_until(self.is_settled, what="all is recorded")
        assert self.database.quarantined() == 0

    def is_settled(self) -> bool:
        with contextlib.suppress(redis.RedisError):
            pending = any(self.client.xpending(stream, GROUP)["pending"] for stream in STREAMS)
            return not (self.waiting() or pending or any(self.spool.glob("*")))
        return False

    def recover(self):
        """Until the web process has noticed that Redis is well."""
        self.wait_for_outcome("stored", "refresh")

    def wait_for_outcome(self, *outcomes: str):
        """Until that becomes of hits, or one of these."""
        what = f"hits are {' or '.join(outcomes)}"
        wait_until(lambda: self.fetch(self.canary) in outcomes, what=what)

    def mend(self):
        """As it was, whatever a test has left."""
        self.points.clear()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.redis.process.pid, signal.SIGCONT)
        if self.redis.process.poll() is not None:
            self.restart_redis()
        self.client.replicaof("NO", "ONE")
        self.client.config_set("maxmemory", 0)
        self.database.mend()
        for name in CONSUMERS:
            if self.consumer(name).process.poll() is not None:
                self.start_consumer(name)
        self.recover()
        self.settle()


def outcome_in(head: bytes) -> str:
    return re.search(rb"x-pixel-outcome: (\S+)", head, re.IGNORECASE)[1].decode()


@cache
def world_on(stack, mariadb) -> World:
    """One for all tests on this stack; the stack ends its processes."""
    return World(stack, mariadb)


def borrow(request, database: str, stacks):
    """For the fixture of each file of tests: a World that is well, before and after."""
    mariadb = request.getfixturevalue("mariadb") if database == "mysql" else None
    stack = stacks(
        database, name=f"faults_{database}", PIXEL_OUTCOME_HEADER="1", TRUSTED_PROXIES="1"
    )
    world = world_on(stack, mariadb)
    yield world
    world.mend()
