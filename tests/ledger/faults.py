"""What breaks, and how it is mended: one method per kind of fault."""

import os
import signal
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from itertools import pairwise
from uuid import uuid4

import msgpack
import MySQLdb
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.api import STREAMS
from tests.ledger import torn
from tests.ledger.oracle import ClockTime
from tests.ledger.plan import Fault
from tests.ledger.system import GROUP, System
from tests.services import Service, listens, wait_until

BREAKERS_REST_S = 1.5
CLOCK_OFF = 120  # minutes
DEAD_HOST = ("127.0.0.1", 1)  # nobody listens there: a replica of it stays read-only
BALLAST = 8 * 2**20
LITTLE_MEMORY = "1mb"  # less than Redis needs for itself


class Faults:
    """Does one fault after the other in each tier, and keeps the log of them."""

    def __init__(self, system: System, note=lambda: None):
        self.system = system
        self.note = note  # called after each fault
        self.log: list[tuple[Fault, float, float, str]] = []  # begun, ended: monotonic
        self.problems: list[str] = []
        self.poisoned: set[str] = set()  # event ids, hexadecimal, of hits that can't be recorded
        self.clock: list[ClockTime] = []
        self.stopping = threading.Event()
        self._locks = {tier: threading.Lock() for tier in ("redis", "database")}

    # -- The schedule ----------------------------------------------------------------------------
    def run(self, faults: list[Fault]) -> list[threading.Thread]:
        begun = time.monotonic()
        tiers = {fault.tier for fault in faults}
        threads = []
        for tier in sorted(tiers):
            own = [fault for fault in faults if fault.tier == tier]
            threads.append(threading.Thread(target=self._run_tier, args=(own, begun), name=tier))
            threads[-1].start()
        return threads

    def _run_tier(self, faults, begun):
        for fault in faults:
            if self.stopping.wait(max(0.0, begun + fault.at - time.monotonic())):
                return
            with self._alone(fault):
                self._do(fault)

    def _do(self, fault):
        began = time.monotonic()
        try:
            remark = getattr(self, fault.kind)(fault.seconds) or ""
        except Exception as error:
            self.problems.append(f"{fault.kind} at {fault.at} s: {type(error).__name__}: {error}")
            return
        self.log.append((fault, began, time.monotonic(), remark))
        self.note()

    @contextmanager
    def _alone(self, fault):
        """Some need the tiers of two others for themselves: where both of them fail, a full disk
        is a loss, as it may be, and nothing could be said of the rest."""
        both = fault.kind in ("both_down", "disk_full")
        tiers = ("redis", "database") if both else (fault.tier,)
        locks = [self._locks[tier] for tier in tiers if tier in self._locks]
        for lock in locks:
            lock.acquire()
        try:
            yield
        finally:
            for lock in locks:
                lock.release()

    def wait(self, seconds):
        self.stopping.wait(seconds)

    # -- The web processes -----------------------------------------------------------------------
    def worker_killed(self, seconds):
        pid = self.system.a_worker()
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def web_rolled(self, seconds):
        """A new server beside the old one, which then ends under load."""
        self.system.roll_web()

    def clock_set_back(self, seconds):
        self._set_clock(-CLOCK_OFF, seconds)

    def clock_set_forward(self, seconds):
        self._set_clock(CLOCK_OFF, seconds)

    def _set_clock(self, minutes, seconds):
        times = [time.monotonic()]
        for wanted, lasts in ((minutes, seconds), (0, 0)):
            self.system.set_clock(wanted)
            times.append(time.monotonic())
            self.wait(lasts)
            times.append(time.monotonic())
        possible = [(0, minutes), (minutes,), (0, minutes)]
        for (since, until), which in zip(pairwise(times), possible, strict=False):
            self.clock.append(ClockTime(since, until, which))

    # -- The consumers ---------------------------------------------------------------------------
    def consumer_killed(self, seconds):
        consumer = self.system.a_consumer()
        consumer.kill()
        self.wait(seconds)
        self.system.start_consumer(consumer.name)

    def consumers_killed(self, seconds):
        names = list(self.system.consumers)
        for name in names:
            self.system.consumers[name].kill()
        self.wait(seconds)
        for name in names:
            self.system.start_consumer(name)

    def consumers_started(self, seconds):
        self.system.start_consumers()

    def group_destroyed(self, seconds):
        with suppress(redis.RedisError), self._redis() as client:  # it may be down just now
            for stream in STREAMS:
                client.xgroup_destroy(stream, GROUP)

    # -- Redis -----------------------------------------------------------------------------------
    @contextmanager
    def _redis(self):
        client = redis.Redis.from_url(
            self.system.redis.url, socket_timeout=3, retry=Retry(NoBackoff(), 0)
        )
        try:
            yield client
        finally:
            client.close()

    def redis_killed(self, seconds):
        self.system.redis.kill()
        self.wait(seconds)
        self.system.restart_redis()

    def redis_frozen(self, seconds):
        self._freeze(self.system.redis, seconds)

    def redis_out_of_memory(self, seconds):
        with self._redis() as client:
            client.config_set("maxmemory", LITTLE_MEMORY)
            self.wait(seconds)
            client.config_set("maxmemory", 0)

    def redis_nearly_full(self, seconds):
        with self._ballast() as client:
            self._leave_little(client, seconds)

    @contextmanager
    def _ballast(self):
        """In Redis, so that one twentieth of what it holds lasts for a second's hits."""
        with self._redis() as client:
            client.set("ballast", bytes(BALLAST))
            try:
                yield client
            finally:
                client.delete("ballast")

    def _leave_little(self, client, seconds):
        """Over the mark from which on Redis is to be spared, and below its limit."""
        used = client.info("memory")["used_memory"]
        client.config_set("maxmemory", used + used // 20)
        self.wait(seconds)
        client.config_set("maxmemory", 0)

    def redis_read_only(self, seconds):
        with self._redis() as client:
            client.replicaof(*DEAD_HOST)
            self.wait(seconds)
            client.replicaof("NO", "ONE")

    def scripts_flushed(self, seconds):
        with self._redis() as client:
            client.script_flush()

    def redis_connections_killed(self, seconds):
        with self._redis() as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "normal")

    def entry_duplicated(self, seconds):
        self._add_entry({})

    def entry_poisoned(self, seconds):
        """An entry of good hits, and among them one that is none, and of each kind one of a year
        that no calendar has."""
        beyond_time = 10**16
        opening = (1, uuid4().bytes, beyond_time, "", "", "", False, "")
        view = (2, "page 1", "user 1", beyond_time, "")
        packed = [b"no hit", msgpack.packb(opening), msgpack.packb(view)]
        poison = {uuid4().bytes: each for each in packed}
        self._add_entry(poison)
        self.poisoned |= {event_id.hex() for event_id in poison}

    def _add_entry(self, more):
        """The newest entry of each stream once more, with some more hits at its beginning."""
        with self._redis() as client:
            deadline, left = time.monotonic() + 2, set(STREAMS)
            while left and time.monotonic() < deadline and not self.stopping.is_set():
                for stream in sorted(left):
                    if newest := client.xrevrange(stream, count=1):
                        client.xadd(stream, more | newest[0][1])
                        left.discard(stream)
        if left == set(STREAMS):
            raise AssertionError("no entry was there to be delivered twice")

    # -- The database ----------------------------------------------------------------------------
    def database_killed(self, seconds):
        server = self.system.mariadb
        server.kill()
        self.wait(seconds)
        Service.start(server)
        server.wait_for(lambda: listens(server.port), within=60)

    def database_frozen(self, seconds):
        self._freeze(self.system.mariadb, seconds)

    def database_connections_killed(self, seconds):
        with self._mariadb() as cursor:
            cursor.execute(
                "SELECT id FROM information_schema.processlist WHERE user = %s",
                [self.system.mariadb.user],
            )
            ids = [row[0] for row in cursor.fetchall()]
            for connection in ids:
                with suppress(MySQLdb.Error):  # gone meanwhile
                    cursor.execute(f"KILL CONNECTION {connection}")
        return f"{len(ids)} of them"

    def contacts_locked(self, seconds):
        """Whoever wants to record waits: queries that last."""
        with self._mariadb(self.system.database_name) as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT id FROM campaigns_contact ORDER BY id FOR UPDATE")
            cursor.execute(
                "SELECT id FROM tracking_viewcell WHERE page = 0 AND hour = 0 FOR UPDATE"
            )
            self.wait(seconds)
            cursor.execute("ROLLBACK")

    @contextmanager
    def _mariadb(self, database=""):
        connection = MySQLdb.connect(
            user="root", unix_socket=str(self.system.mariadb.socket), db=database
        )
        try:
            yield connection.cursor()
        finally:
            connection.close()

    def database_locked(self, seconds):
        """SQLite: somebody else writes."""
        with suppress(sqlite3.Error):
            connection = sqlite3.connect(self.system.sqlite, timeout=10, isolation_level=None)
            try:
                connection.execute("BEGIN IMMEDIATE")
                self.wait(seconds)
                connection.execute("ROLLBACK")
            finally:
                connection.close()

    def database_down(self, seconds):
        if self.system.mariadb:
            self.database_killed(seconds)
        else:
            self.database_locked(seconds)

    # -- Several at once -------------------------------------------------------------------------
    def both_down(self, seconds):
        """And a web process dies in the midst of it, which leaves its spool file behind."""
        database = threading.Thread(target=self.database_down, args=(seconds,))
        redis_down = threading.Thread(target=self.redis_killed, args=(seconds,))
        for thread in (database, redis_down):
            thread.start()
        self.wait(seconds / 2)
        self.worker_killed(0)
        torn_lines = torn.tear(self.system.spool)
        for thread in (database, redis_down):
            thread.join()
        return f"{torn_lines} lines torn"

    def line_torn(self, seconds):
        torn.leave_torn_file(self.system.spool)

    def disk_full(self, seconds):
        """While Redis is to be spared, which it then can't be."""
        if not self.system.has_spool_disk:
            return "left out: nobody may mount a disk for the spool here"
        with self._ballast() as client:  # before: Redis answers nobody while it writes so much
            self.wait(BREAKERS_REST_S)  # after faults that took the other stores away
            ballast = self.system.spool / "ballast"
            with suppress(OSError), ballast.open("wb", buffering=0) as file:
                while file.write(bytes(2**20)):
                    pass
            self._leave_little(client, seconds)
            ballast.unlink()
        return ""

    def workers_killed_before_redis_answers(self, seconds):
        """What was answered too early is in the memory of these only."""
        for pid in wait_until(self.system.workers, within=5, what="there are workers"):
            with self._frozen(self.system.redis):
                self.wait(0.02)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _freeze(self, service, seconds):
        with self._frozen(service):
            self.wait(seconds)

    @contextmanager
    def _frozen(self, service):
        pid = service.process.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)
