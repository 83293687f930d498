"""All of docker-compose.yml, running in containers without Docker: see tests/containers."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import MySQLdb
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.api import API
from tests.containers.compose import ComposeFile
from tests.containers.namespaces import inside
from tests.containers.project import Project
from tests.services import PATIENCE, bare_environment, wait_until
from tests.stack import PREPARED, ROOT
from tests.wire import get

COMPOSE_FILE = ROOT / "docker-compose.yml"
# NGINX limits what one address may do. Those of the tests are beside the bridges.
CLIENTS = tuple(f"198.51.100.{number}" for number in range(1, 21))
REDIS_PASSWORDS = {
    "root": "REDIS_ROOT_PASSWORD",
    "pixeltrack": "REDIS_PASSWORD",
    "exporter": "REDIS_EXPORTER_PASSWORD",
}
MYSQL_PASSWORDS = {
    "root": "MYSQL_ROOT_PASSWORD",
    "pixeltrack": "MYSQL_PASSWORD",
    "grafana": "MYSQL_GRAFANA_PASSWORD",
    "exporter": "MYSQL_EXPORTER_PASSWORD",
}
PUBLISHED = re.compile(r"(\d+):(\d+)")


class WholeStack(API):
    """`WholeStack(folder).start()`; what is asked for goes through NGINX on port 80."""

    url = "http://127.0.0.1"

    def __init__(self, folder: Path, monitoring: Path | None = None):
        """`monitoring` takes the place of monitoring/prometheus."""
        self.folder = folder
        self.env_file = folder / ".env"
        subprocess.run(
            ["make", "env", f"PYTHON={sys.executable}"],
            env=bare_environment(PIXEL_ENV_FILE=str(self.env_file)),
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        file = ComposeFile(COMPOSE_FILE, self.env_file)
        if monitoring:
            volumes = file.services["prometheus"].entry["volumes"]
            own = "./monitoring/prometheus:"
            assert any(each.startswith(own) for each in volumes)
            volumes[:] = [each.replace(own, f"{monitoring}:") for each in volumes]
        self.variables = file.variables
        self.password = self.variables["DJANGO_SUPERUSER_PASSWORD"]
        static = next((each / "static" for each in PREPARED.values()), None)
        self.compose = Project(file, folder, CLIENTS, static)
        self.client = self.client_from(CLIENTS[0])

    def start(self) -> "WholeStack":
        self.compose.up()
        self.log_in()
        return self

    def close(self):
        self.client.close()
        self.compose.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def logs(self) -> dict[str, str]:
        return {name: each.text() for name, each in self.compose.containers.items()}

    # -- Whom the tests can speak to -------------------------------------------------------------
    @property
    def spool(self) -> Path:
        return self.compose.volume("var") / "spool"

    def reached(self):
        return self.compose.reached()

    def client_from(self, address: str) -> httpx.Client:
        """A client on the host, of that address, to whom the published ports are open."""
        transport = Published(self, address)
        return httpx.Client(base_url=self.url, transport=transport, timeout=60, trust_env=False)

    def published(self, port: int) -> tuple[str, int]:
        """The container's address and port behind a port of the host."""
        for name, service in self.compose.services.items():
            for each in service.entry.get("ports", []):
                outside, inner = map(int, PUBLISHED.fullmatch(each).groups())
                if outside == port:
                    return self.compose.address(name), inner
        raise ConnectionRefusedError(f"nothing is published as port {port}")

    def ask(self, service: str, port: int, path: str, **parameters) -> httpx.Response:
        """What a container answers to another one."""
        address = self.compose.address(service)
        with self.reached():
            return get(f"http://{address}:{port}{path}", params=parameters or None)

    def connect_redis(self, user="root", password="") -> redis.Redis:
        with self.reached():
            return redis.Redis(
                host=self.compose.address("redis"),
                username=user,
                password=password or self.variables[REDIS_PASSWORDS[user]],
                retry=Retry(NoBackoff(), 0),  # a refusal is one
                single_connection_client=True,  # made here: later ones would begin elsewhere
            )

    def connect_mysql(self, user="root", password="", database="") -> MySQLdb.Connection:
        with self.reached():
            return MySQLdb.connect(
                host=self.compose.address("mysql"),
                user=user,
                password=password or self.variables[MYSQL_PASSWORDS[user]],
                database=database,
                charset="utf8mb4",
                autocommit=True,
            )

    def sql(self, statement: str, *values, user="root", database="pixeltrack") -> list[tuple]:
        connection = self.connect_mysql(user, database=database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return list(cursor.fetchall() or [])
        finally:
            connection.close()

    def manage(self, *arguments: str) -> str:
        """In a container of the image, as whoever runs it would."""
        return self.compose.containers["worker-1"].run("python", "manage.py", *arguments)

    # -- Prometheus ------------------------------------------------------------------------------
    def prometheus(self, path: str, **parameters):
        answer = self.ask("prometheus", 9090, f"/api/v1/{path}", **parameters).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression: str) -> list[dict]:
        return self.prometheus("query", query=expression)["result"]

    def value(self, expression: str) -> float | None:
        """Of an expression that gives one number; None while it gives none."""
        found = self.query(expression)
        assert len(found) <= 1, f"{expression} is several: {found}"
        return float(found[0]["value"][1]) if found else None

    def wait_for(self, expression: str, within: float = PATIENCE) -> list[dict]:
        """Until it gives something."""
        what = f"Prometheus has {expression}"
        return wait_until(lambda: self.query(expression), within=within, what=what, every=0.2)


class Published(httpx.HTTPTransport):
    """From the host's own network: its ports lead into containers."""

    def __init__(self, stack: WholeStack, address: str):
        super().__init__(local_address=address)
        self.stack = stack

    def handle_request(self, request):
        host, port = self.stack.published(request.url.port or 80)
        # The header says still whom the client has asked for.
        request.url = request.url.copy_with(host=host, port=port)
        with inside(self.stack.compose.namespaces.network()):
            return super().handle_request(request)
