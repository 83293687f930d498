"""Who answers pixels: PixelTrack, and its peers. What answers has a core of its own, and what keeps
the openings shares the other one with the load generator."""

import json
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import MySQLdb

from benchmarks.page_views_sides import family
from tests.services import MariaDB, Redis, Service, bare_environment, find, free_port, listens
from tests.stack import Stack

SERVER_CORE, OTHER_CORE = "0", "1"
PIXELS_PER_CONTACT = 20
TABLES = (Path(__file__).parent / "peers" / "pixel_tables.sql").read_text()
DRAIN_S = 1200.0  # for all openings of a run, on a slow machine
MAKE_PIXELS = """
from accounts.models import Team
from campaigns.models import Campaign, Contact, Pixel
from campaigns.models.schedule import ContactRow
from campaigns.token import make_token
from pathlib import Path

each = {each}
campaign = Campaign.objects.start(team=Team.objects.first(), name="All", pixels_per_contact=each)
group = campaign.groups.get()
for first in range(0, {contacts}, 5000):
    numbers = range(first, min(first + 5000, {contacts}))
    Contact.objects.schedule_many(
        [ContactRow(group, f"contact-{{number}}@example.com") for number in numbers]
    )
uuids = [*Pixel.objects.order_by("pk").values_list("uuid", flat=True)]
Path({tokens!r}).write_text("".join(make_token(uuid) + "\\n" for uuid in uuids))
answer = [uuid.hex for uuid in uuids]
"""
COUNT_OPENINGS = "from tracking.models import Opening; answer = Opening.objects.count()"
CONFIGURATION = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log {log};
    keepalive_requests 100000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location /p/ {{ empty_gif; }}
    }}
}}
"""


def pin(service: Service, core: str):
    """All threads of its processes."""
    for pid in family(service):
        subprocess.run(["taskset", "-acp", core, str(pid)], check=True, capture_output=True)


class Side:
    """One who answers; use it as a context. `url` is where, `web` what answers there."""

    name: str
    keeps = "nothing"
    looks_at_pixels = True
    url: str
    web: Service

    def __init__(self, folder: Path):
        self.folder = folder / type(self).__name__.lower()
        self.folder.mkdir()
        self._ending = ExitStack()

    def __enter__(self):
        try:
            self.start()
            pin(self.web, SERVER_CORE)
        except BaseException:
            self._ending.close()
            raise
        return self

    def __exit__(self, *exception):
        self._ending.close()

    def start(self):
        raise NotImplementedError

    def run(self, service: Service) -> Service:
        self._ending.callback(service.stop)
        return service.start()

    def openings(self) -> int | None:
        """All that are kept by now; None where none are."""
        return None


class PixelTrack(Side):
    name, keeps = "PixelTrack", "a row in MariaDB, by way of Redis"

    def __init__(self, folder: Path, mariadb: MariaDB):
        super().__init__(folder)
        self.stack = Stack(self.folder, mariadb=mariadb, WEB_CONCURRENCY="1")
        self._rests = False

    def start(self):
        self._ending.callback(self.stack.stop)
        self.stack.start()
        self.url, self.web = self.stack.url, self.stack.services["web"]
        for name in ("redis", "consumer"):
            pin(self.stack.services[name], OTHER_CORE)
        self._ending.callback(self.rest, False)

    def make_pixels(self, count: int, tokens: Path) -> list[str]:
        """Their uuids; their tokens are put into the file."""
        contacts = -(-count // PIXELS_PER_CONTACT)
        return self.stack.shell(
            MAKE_PIXELS.format(each=PIXELS_PER_CONTACT, contacts=contacts, tokens=str(tokens))
        )

    def rest(self, whether: bool):
        """The consumer, which shares its core with the load generator, rests while that sends."""
        if whether != self._rests:
            self._rests = whether
            consumer = self.stack.services["consumer"].process
            consumer.send_signal(signal.SIGSTOP if whether else signal.SIGCONT)

    def openings(self) -> int:
        self.rest(False)
        self.stack.settle(within=DRAIN_S)
        return self.stack.shell(COUNT_OPENINGS)


class NGINX(Side):
    name, logs = "NGINX `empty_gif`", False
    looks_at_pixels = False

    def start(self):
        port = free_port()
        log = self.folder / "access.log" if self.logs else "off"
        configuration = self.folder / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(folder=self.folder, log=log, port=port))
        command = [find("nginx"), "-p", self.folder, "-c", configuration]
        self.web = self.run(Service("nginx", command, self.folder, bare_environment()))
        self.web.wait_for(lambda: listens(port))
        self.url = f"http://127.0.0.1:{port}"


class NGINXWithLog(NGINX):
    name, keeps, logs = "NGINX `empty_gif` with access log", "a line in a file", True

    def openings(self) -> int:
        with (self.folder / "access.log").open("rb") as log:
            return sum(1 for _ in log)


class Peer(Side):
    """One with a row per opening in a database of its own."""

    keeps = "a row in MariaDB"
    command: str

    def __init__(self, folder: Path, mariadb: MariaDB, key: str, uuids: list[str]):
        super().__init__(folder)
        self.mariadb, self.key, self.uuids = mariadb, key, uuids
        self.database = type(self).__name__.lower()

    def start(self):
        options = self.mariadb.create_database(self.database)
        self.connect()
        self.fill()
        environment = bare_environment(
            FERNET_KEY=self.key, DJANGO_SECRET_KEY=self.key, **options, **self.stores()
        )
        port = free_port()
        command = [sys.executable, "-m", *self.command.format(port=port).split()]
        self.web = self.run(Service("web", command, self.folder, environment))
        self.web.wait_for(lambda: listens(port))
        self.url = f"http://127.0.0.1:{port}"

    def stores(self) -> dict[str, str]:
        return {}

    def connect(self):
        options = self.mariadb.settings(self.database)
        self.connection = MySQLdb.connect(
            host=options["MYSQL_HOST"],
            port=int(options["MYSQL_PORT"]),
            user=options["MYSQL_USER"],
            password=options["MYSQL_PASSWORD"],
            database=self.database,
            autocommit=True,
        )
        self._ending.callback(self.connection.close)

    def fill(self):
        with self.connection.cursor() as cursor:
            for statement in TABLES.split(";"):
                cursor.execute(statement)
            rows = [(uuid, number // PIXELS_PER_CONTACT) for number, uuid in enumerate(self.uuids)]
            insert = "INSERT INTO pixels (uuid, contact_id) VALUES (%s, %s)"
            for first in range(0, len(rows), 10_000):
                cursor.executemany(insert, rows[first : first + 10_000])

    def openings(self) -> int:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM openings")
            [(count,)] = cursor.fetchall()
        return count


class Reference(Peer):
    name = "the reference's design"
    command = (
        "uvicorn benchmarks.peers.pixel_fastapi.app:app --port {port} --loop uvloop "
        "--http httptools --no-access-log --log-level warning --timeout-keep-alive 75"
    )

    def stores(self) -> dict[str, str]:
        place = self.folder / "data"
        place.mkdir()
        redis = self.run(Redis(place))
        pin(redis, OTHER_CORE)
        return {"REDIS_URL": redis.url}


class DjangoORM(Peer):
    name = "a Django view with a row per opening"
    command = (
        "gunicorn benchmarks.peers.pixel_django.app:application --bind 127.0.0.1:{port} "
        "--worker-class gthread --threads 40 --keep-alive 75 --log-level warning"
    )


def length_of_answer(text: bytes) -> int:
    """Of a whole answer to a pixel; an AssertionError where it is no such one."""
    head, _, body = text.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), text
    assert b"content-type: image/gif" in head.lower(), text
    assert body.startswith(b"GIF89a"), text
    assert len(body) == 43, text
    return len(text)


def found_by_wrk(output: str) -> dict:
    line = next(line for line in output.splitlines() if line.startswith("FOUND "))
    return json.loads(line.removeprefix("FOUND "))
