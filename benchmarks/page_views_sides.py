"""PixelTrack and its peer: each three web processes behind an NGINX, on the same MariaDB."""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import MySQLdb

from tests.front import NGINX
from tests.memory import children
from tests.services import MariaDB, Redis, Service, bare_environment, free_port, listens
from tests.stack import Stack

INSTANCES = 3
CLIENTS = "127.0.0.1/32"  # wrk alone sends more than an address may


class Side:
    """One of the two; use it as a context. It starts all it needs but MariaDB."""

    name: str
    table: str

    def __init__(self, mariadb: MariaDB, folder: Path):
        self.mariadb, self.folder = mariadb, folder / self.name
        self.folder.mkdir()
        self.tiers: dict[str, list[Service]] = {}
        self._ending = ExitStack()

    def __enter__(self):
        try:
            self.start_nginx(self.start())
        except BaseException:
            self._ending.close()
            raise
        return self

    def __exit__(self, *exception):
        self._ending.close()

    def start(self) -> list[int]:
        """Start all but NGINX; the ports of the web processes."""
        raise NotImplementedError

    def start_nginx(self, ports: list[int]):
        nginx = NGINX(self.folder, ports, unlimited=CLIENTS)
        self.run("nginx", nginx)
        self.url = nginx.url

    def run(self, tier: str, service: Service) -> Service:
        self._ending.callback(service.stop)
        self.tiers.setdefault(tier, []).append(service.start())
        return service

    def settle(self):
        """Until all that was answered is in the database."""

    def rows(self) -> int:
        return self.read(f"SELECT COUNT(*) FROM {self.table}")

    def problems(self) -> list[str]:
        """What else does not agree with the rows."""
        return []

    def read(self, query: str) -> int:
        options = self.mariadb.settings(self.database)
        connection = MySQLdb.connect(
            host=options["MYSQL_HOST"],
            port=int(options["MYSQL_PORT"]),
            user=options["MYSQL_USER"],
            password=options["MYSQL_PASSWORD"],
            database=self.database,
        )
        with connection.cursor() as cursor:
            cursor.execute(query)
            [(number,)] = cursor.fetchall()
        connection.close()
        return number

    # -- What it costs ---------------------------------------------------------------------------
    def pids(self) -> dict[str, list[int]]:
        """Tier → its processes."""
        tiers = self.tiers | {"mariadb": [self.mariadb]}
        return {
            name: [pid for each in tier for pid in family(each)] for name, tier in tiers.items()
        }

    def cpu(self) -> dict[str, float]:
        """Tier → seconds of CPU that its processes have used so far."""
        return {name: sum(map(cpu_seconds, pids)) for name, pids in self.pids().items()}


class Ours(Side):
    name, table = "pixeltrack", "tracking_pageview"

    def start(self) -> list[int]:
        self.stack = Stack(
            self.folder, mariadb=self.mariadb, WEB_CONCURRENCY="1", TRUSTED_PROXIES="1"
        )
        self.database = self.stack.environment["MYSQL_DATABASE"]
        self._ending.callback(self.stack.stop)
        self.stack.start()
        urls = [self.stack.url]
        urls += [self.stack.start_web(f"web{number}") for number in range(2, INSTANCES + 1)]
        services = self.stack.services
        self.tiers |= {
            "web": [service for name, service in services.items() if name.startswith("web")],
            "redis": [services["redis"]],
            "consumer": [services["consumer"]],
        }
        return [int(url.rpartition(":")[2]) for url in urls]

    def settle(self):
        self.stack.settle()

    def problems(self) -> list[str]:
        kept = "FROM tracking_viewcell WHERE page = 0 AND hour = 0"
        views, visitors = (self.read(f"SELECT {name} {kept}") for name in ("views", "visitors"))
        distinct = self.read(f"SELECT COUNT(DISTINCT visitor_id) FROM {self.table}")
        told = [("views", views, self.rows()), ("visitors", visitors, distinct)]
        return [f"{kept} {name} kept, {there} there" for name, kept, there in told if kept != there]


class Peer(Side):
    name, table = "peer", "page_views"
    database = "peer"

    def start(self) -> list[int]:
        place = self.folder / "data"
        place.mkdir()
        redis = self.run("redis", Redis(place))
        environment = bare_environment(
            REDIS_URL=redis.url, **self.mariadb.create_database(self.database)
        )
        return [self.start_web(number, environment) for number in range(INSTANCES)]

    def start_web(self, number: int, environment: dict[str, str]) -> int:
        port = free_port()
        command = [sys.executable, "-m", "uvicorn", "benchmarks.peers.page_views_fastapi.app:app"]
        command += f"--port {port} --loop uvloop --http httptools".split()
        # NGINX closes idle connections, not they.
        command += ["--no-access-log", "--log-level", "warning", "--timeout-keep-alive", "75"]
        command += ["--no-proxy-headers", "--no-server-header"]  # as ours
        service = Service(f"web{number}", command, self.folder, environment)
        self.run("web", service).wait_for(lambda: listens(port))
        return port


def family(service: Service) -> list[int]:
    """The process and those that it has started."""
    found, next_ones = [], [service.process.pid]
    while next_ones:
        found += next_ones
        next_ones = [child for pid in next_ones for child in children(pid)]
    return found


def cpu_seconds(pid: int) -> float:
    """Of its own and of the kernel for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def took(action: Callable) -> float:
    """How many seconds it took."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began
