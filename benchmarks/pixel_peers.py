"""Peers of PixelTrack in answering pixels, each with what benchmarks/peers/ has for it."""

import sys
from pathlib import Path

import MySQLdb
import pytracking
import redis

from benchmarks.pixel_sides import OTHER_CORE, PIXELS_PER_CONTACT, Side, Tokens, pin
from tests.services import MariaDB, Redis, Service, bare_environment, free_port, listens

PEERS = Path(__file__).parent / "peers"
TABLES = (PEERS / "pixel_tables.sql").read_text()
# Those with a row per opening answer some hundreds a second: more pixels would only take time.
MOST_PIXELS = 60_000


class Peer(Side):
    """One with a row per opening in a database of its own."""

    keeps = "a row in MariaDB"
    command: str

    def __init__(self, folder: Path, mariadb: MariaDB, key: str, uuids: list[str]):
        super().__init__(folder)
        self.mariadb, self.key, self.uuids = mariadb, key, uuids[:MOST_PIXELS]
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

    def tokens(self, made: Tokens) -> Tokens:
        return Tokens(made.file, len(self.uuids))

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


class Pytracking(Peer):
    name = "pytracking's Django view"
    picture = ("image/png", b"\x89PNG", 68)
    command = DjangoORM.command.replace("pixel_django", "pixel_pytracking")

    def tokens(self, made: Tokens) -> Tokens:
        configuration = pytracking.Configuration(encryption_bytestring_key=self.key)
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT id FROM pixels ORDER BY id")
            pixels = [pixel for [pixel] in cursor.fetchall()]
        file = self.folder / "tokens"
        with file.open("w") as lines:
            for pixel in pixels:
                print(configuration.get_open_tracking_url({"pixel": pixel}), file=lines)
        return Tokens(file, len(pixels))


class Go(Side):
    name, keeps = "Go, net/http", "an entry in Redis"

    def __init__(self, folder: Path, key: str):
        super().__init__(folder)
        self.key, self.program = key, self.folder / "pixel"
        self.compiler = self._compiler()

    def _compiler(self) -> Service:
        """It takes most of a minute, for its wheel has the standard library as source only: start
        it before all else. What it writes is in our folder, and it asks nobody for anything."""
        environment = bare_environment(
            HOME=str(self.folder),
            GOCACHE=str(self.folder / "cache"),
            GOPATH=str(self.folder / "path"),
            GOPROXY="off",
            GOTOOLCHAIN="local",
            CGO_ENABLED="0",
        )
        command = [Path(sys.executable).with_name("go"), "build", "-C", PEERS / "pixel_go"]
        command += ["-trimpath", "-buildvcs=false", "-o", self.program]
        return Service("compiler", command, self.folder, environment)

    def start(self):
        status = self.compiler.process.wait()
        assert status == 0, self.compiler.text()
        self.redis = self.run(Redis(self.folder))
        pin(self.redis, OTHER_CORE)
        port = free_port()
        environment = bare_environment(
            FERNET_KEY=self.key,
            REDIS_SOCKET=str(self.redis.socket),
            PORT=str(port),
            GOMAXPROCS="1",
        )
        self.web = self.run(Service("web", [self.program], self.folder, environment))
        self.web.wait_for(lambda: listens(port))
        self.url = f"http://127.0.0.1:{port}"

    def openings(self) -> int:
        with redis.Redis.from_url(self.redis.url) as client:
            return client.xlen("openings")
