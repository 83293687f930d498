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

from tests.services import (
    PATIENCE,
    MariaDB,
    Redis,
    Service,
    bare_environment,
    free_port,
    wait_until,
)
from tests.shell import Shell
from tests.wire import get

ROOT = Path(__file__).parent.parent
ADMIN, PASSWORD = "admin", secrets.token_urlsafe(16)
STREAM, VIEW_STREAM = STREAMS = "{hits:0}:stream", "{hits:0}:views"
# What `celery` is told to be one process with no more messages than it needs.
WORKER = "worker --pool solo --loglevel warning --without-gossip --without-mingle"
PREPARED: dict[str, Path] = {}  # kind of database → what the first stack on one keeps for others
# In one process: each further one would load all of Django again.
PREPARE = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("createsuperuser", interactive=False)
call_command("collectstatic", interactive=False, verbosity=0)
"""


def fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


class Stack:
    """`Stack(folder, mariadb=…, lane=…)`; without a MariaDB it keeps its data in SQLite.

    Keywords of `start_web` and of the constructor are settings, as environment variables.
    """

    def __init__(self, folder: Path, *, mariadb: MariaDB | None = None, lane=True, **settings):
        self.folder, self.var, self.mariadb = folder, folder / "var", mariadb
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
        self.client.headers["Authorization"] = f"Bearer {self.token()}"
        return self

    def prepare(self):
        """The tables, the first admin and the static files: made for the first stack on each kind
        of database, which takes seconds, and copied for those that come after it."""
        kind = "mysql" if self.mariadb else "sqlite"
        if first := PREPARED.get(kind):
            shutil.copytree(first / "static", self.var / "static", copy_function=os.link)
            self.read_tables(first)
            return
        self.manage("shell", "--verbosity=0", "-c", PREPARE)
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
        service = self.services[name] = Service(
            name,
            [
                sys.executable,
                *["-m", "gunicorn", "-c", f"python:{config}"],
                "pixeltrack.asgi:application",
            ],
            self.folder,
            self.environment
            | {"PORT": str(port), "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
            | settings,
        ).start()
        service.wait_for(lambda: answers(url + "/healthz"))
        return url

    def start_consumer(self, name="consumer"):
        command = [sys.executable, "manage.py", "consume"]
        service = Service(name, command, self.folder, self.environment)
        self.services[name] = service.start()

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
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            **more,
        )
        assert done.returncode == 0, f"manage.py {arguments[0]}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def shell(self, code: str):
        """Run `code` inside Django; the value that it gives to `answer`, by way of JSON."""
        self._shell = self._shell or Shell(self.environment)  # to load Django takes seconds
        return self._shell.run(code)

    # -- The API ---------------------------------------------------------------------------------
    def token(self) -> str:
        return self.post("/api/token/", {"username": ADMIN, "password": PASSWORD})["access"]

    def get(self, path: str, **parameters):
        reply = self.client.get(path, params=parameters or None)
        assert reply.status_code == 200, f"GET {path}: {reply.status_code} {reply.text[:500]}"
        return reply.json()

    def post(self, path: str, data):
        reply = self.client.post(path, json=data)
        assert reply.is_success, f"POST {path}: {reply.status_code} {reply.text[:500]}"
        return reply.json()

    def all(self, path: str, **parameters) -> list[dict]:
        """The results of every page of a list."""
        page = self.get(path, page_size=1000, **parameters)
        results = page["results"]
        while page["next"]:
            page = self.get(page["next"])
            results += page["results"]
        return results

    def openings(self, **filters) -> list[dict]:
        return self.all("/api/openings/", **filters)

    # -- Campaigns -------------------------------------------------------------------------------
    def new_mail(self, pixels: int) -> list[dict]:
        """The pixels, from top to bottom, of the one contact of a new campaign."""
        campaign = self.post(
            "/api/campaigns/", {"name": secrets.token_hex(8), "pixels_per_contact": pixels}
        )
        [group] = self.all("/api/groups/", campaign=campaign["id"])
        contact = self.post("/api/contacts/", {"group": group["id"], "email": "one@example.com"})
        mail = self.all("/api/pixels/", contact=contact["id"])
        assert len(mail) == pixels
        return sorted(mail, key=lambda pixel: pixel["number"])

    def new_campaign(self, contacts: int, pixels: int) -> tuple[int, list[dict]]:
        """A new campaign with many contacts: its id, and "url" and "contact" of each pixel."""
        return self.shell(f"""
from accounts.models import Team
from campaigns.models import Campaign, Contact, Pixel
from campaigns.models.schedule import ContactRow
campaign = Campaign.objects.start(
    team=Team.objects.first(), name={secrets.token_hex(8)!r}, pixels_per_contact={pixels}
)
group = campaign.groups.get()
Contact.objects.schedule_many(
    [ContactRow(group, f"contact-{{number}}@example.com") for number in range({contacts})]
)
pixels = Pixel.objects.filter(contact__group__campaign=campaign).order_by("pk")
answer = [campaign.pk, [{{"url": pixel.url, "contact": pixel.contact_id}} for pixel in pixels]]
""")

    # -- Hits ------------------------------------------------------------------------------------
    def settle(self, within=PATIENCE):
        """Wait until the consumer has dealt with every hit that was answered so far. On a busy
        machine some of them may be in the spool."""
        with redis.Redis.from_url(self.redis.url) as connection:
            wait_until(
                lambda: not (any(map(connection.xlen, STREAMS)) or any(self.spool.glob("*"))),
                within=within,
                what="streams and spool are empty",
            )

    @property
    def spool(self) -> Path:
        return self.var / "spool"


def answers(url: str) -> bool:
    try:
        return get(url).status_code == 200
    except httpx.HTTPError:
        return False
