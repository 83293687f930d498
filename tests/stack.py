"""A whole PixelTrack: a database, a Redis, a web server and a consumer, as real processes."""

import base64
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import redis

from tests.api import ADMIN, API
from tests.services import ROOT, MariaDB, Redis, Service, bare_environment, free_port
from tests.shell import Shell
from tests.wire import get

PASSWORD = secrets.token_urlsafe(16)
# What `celery` is told to be one process with no more messages than it needs.
WORKER = "worker --pool solo --loglevel warning --without-gossip --without-mingle"
BEAT = "beat --loglevel warning"
PREPARED: dict[str, Path] = {}  # kind of database → what the first stack on one keeps for others
# In one process: each further one would load all of Django again.
PREPARE = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("createsuperuser", interactive=False)
"""
PREPARE_STATIC = 'call_command("collectstatic", interactive=False, verbosity=0)'


def streams(shards: int) -> list[str]:
    return [f"{{hits:{shard}}}:{kind}" for shard in range(shards) for kind in ("stream", "views")]


def fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


class Stack(API):
    """`Stack(folder, mariadb=…, lane=…)`; without a MariaDB it keeps its data in SQLite.

    Keywords of `start_web` and of the constructor are settings, as environment variables; `root` is
    where the code is that its processes run.
    """

    password = PASSWORD

    def __init__(
        self, folder: Path, *, mariadb: MariaDB | None = None, lane=True, root=ROOT, **settings
    ):
        self.folder, self.var, self.mariadb, self.root = folder, folder / "var", mariadb, root
        self.redis = Redis(folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.retired_key, self.key = fernet_key(), fernet_key()
        self.environment = bare_environment(
            PIXEL_ENV_FILE=os.devnull,
            PIXEL_VAR_DIR=str(self.var),
            PIXEL_LANE="on" if lane else "off",
            PUBLIC_URL=self.url,
            REDIS_URL=self.redis.url,
            FERNET_KEY=f"{self.key},{self.retired_key}",
            DJANGO_SECRET_KEY=secrets.token_urlsafe(60),
            API_SECRET_KEY=secrets.token_urlsafe(64),
            DJANGO_SUPERUSER_USERNAME=ADMIN,
            DJANGO_SUPERUSER_PASSWORD=PASSWORD,
            DJANGO_SUPERUSER_EMAIL="admin@example.com",
        )
        self.environment |= mariadb.create_database(f"test_{folder.name}") if mariadb else {}
        self.environment |= settings
        self.services: dict[str, Service] = {"redis": self.redis}
        self.client = httpx.Client(base_url=self.url, timeout=60, trust_env=False, verify=False)
        self._shell: Shell | None = None

    # -- Processes -------------------------------------------------------------------------------
    def start(self) -> "Stack":
        self.redis.start()
        self.prepare()
        self.start_consumer()
        self.start_web()
        self.log_in()
        return self

    def prepare(self):
        """The tables, the first admin and the static files: made for the first stack on each kind
        of database, which takes seconds, and copied for those that come after it. Another version
        has no static files: nobody looks at its pages."""
        if self.root != ROOT:
            self.manage("shell", "--verbosity=0", "-c", PREPARE)
            return
        kind = "mysql" if self.mariadb else "sqlite"
        for kept in list(PREPARED.values())[:1]:  # static files are the same on each
            shutil.copytree(kept / "static", self.var / "static", copy_function=os.link)
        if first := PREPARED.get(kind):
            self.read_tables(first)
            return
        static = "" if PREPARED else PREPARE_STATIC
        self.manage("shell", "--verbosity=0", "-c", PREPARE + static)
        PREPARED[kind] = self.folder / "prepared"
        shutil.copytree(self.var / "static", PREPARED[kind] / "static", copy_function=os.link)
        self.keep_tables(PREPARED[kind])

    def keep_tables(self, folder: Path):
        if self.mariadb:
            self.mariadb.dump(self.environment["MYSQL_DATABASE"], folder / "tables.sql")
        else:
            shutil.copy(self.var / "pixeltrack.sqlite3", folder)

    def read_tables(self, folder: Path):
        if self.mariadb:
            self.mariadb.load(self.environment["MYSQL_DATABASE"], folder / "tables.sql")
        else:
            shutil.copy(folder / "pixeltrack.sqlite3", self.var)

    def start_web(self, name="web", config="pixeltrack.gunicorn", **settings) -> str:
        """The web server, or one more on the same Redis and database; its address."""
        port = self.port if name == "web" else free_port()
        url = f"http://127.0.0.1:{port}"
        metrics = self.folder / f"{name}-metrics"
        metrics.mkdir(exist_ok=True)
        own = {"PORT": str(port), "PROMETHEUS_MULTIPROC_DIR": str(metrics)} | settings
        command = ["-m", "gunicorn", "-c", f"python:{config}", "pixeltrack.asgi:application"]
        self.start_service(name, *command, **own).wait_for(lambda: answers(url + "/healthz"))
        return url

    def start_consumer(self, name="consumer"):
        self.start_service(name, "manage.py", "consume")

    def start_worker(self):
        self.start_service("worker", "-m", "celery", "-q", "-A", "pixeltrack", *WORKER.split())

    def start_beat(self):
        self.start_service("beat", "-m", "celery", "-q", "-A", "pixeltrack", *BEAT.split())

    def start_service(self, name: str, *command: str, **settings: str) -> Service:
        service = Service(
            name, [sys.executable, *command], self.folder, self.environment | settings
        )
        service.root = self.root
        self.services[name] = service
        return service.start()

    def stop(self):
        """End everything, the newest first, whether or not one of them fails to end well."""
        self.client.close()
        if self._shell:
            self._shell.end()
        problems = []
        for service in reversed(self.services.values()):
            try:
                service.stop()
            except AssertionError as problem:
                problems.append(str(problem))
        assert not problems, "\n".join(problems)

    def logs(self) -> dict[str, str]:
        """Name of the process → all that it has said so far."""
        return {name: service.text() for name, service in self.services.items()}

    # -- Django ----------------------------------------------------------------------------------
    def manage(self, *arguments: str, **more) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=self.environment,
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            **more,
        )
        assert done.returncode == 0, f"manage.py {arguments[0]}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def shell(self, code: str):
        """Run `code` inside Django; the value that it gives to `answer`, by way of JSON."""
        if self.root != ROOT:  # another version's code
            return super().shell(code)
        if self._shell and self._shell.environment != self.environment:
            self._shell.end()
            self._shell = None
        self._shell = self._shell or Shell(self.environment)  # to load Django takes seconds
        return self._shell.run(code)

    # -- Hits ------------------------------------------------------------------------------------
    def connect_redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.redis.url)

    @property
    def spool(self) -> Path:
        return self.var / "spool"


def answers(url: str) -> bool:
    try:
        return get(url).status_code == 200
    except httpx.HTTPError:
        return False
