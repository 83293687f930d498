"""The container image, built for real, and its processes as docker compose runs them: as its own
user, on files that nobody can write, with the stores of `stores/`. Minutes; see `make image`."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from pixeltrack.bootstrap import filled, template
from tests import compose
from tests.conftest import needs
from tests.image import builder
from tests.services import Service, free_port, wait_until
from tests.stores import StoredMariaDB, StoredRedis
from tests.thorough import THOROUGH
from tracking.reply import GIF

pytestmark = pytest.mark.skipif(not THOROUGH, reason="it takes minutes: see `make image`")
# Mounts that the process alone sees; then neither root nor anything that root may.
ENTER = """
set -e
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --bind "$var" "$root$inside"
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
user=$(id -u "$name" 2>/dev/null) || user=$(grep "^$name:" "$root/etc/passwd" | cut -d: -f3)
exec chroot "$root" /usr/bin/setpriv --reuid="$user" --regid="$user" --clear-groups \\
    --no-new-privs --inh-caps=-all --bounding-set=-all sh -c 'cd "$0" && exec "$@"' "$place" "$@"
"""


class Container(Service):
    """One process in the image's files."""

    def __init__(self, image, name: str, command: list[str], **settings: str):
        told = dict(each.split("=", 1) for each in image.configuration["Env"])
        places = {
            "root": str(image.root),
            "var": str(image.var),
            "inside": told["PIXEL_VAR_DIR"],
            "name": image.configuration["User"],
            "place": image.configuration["WorkingDir"],
        }
        own = {"PORT": str(free_port()), "PIXEL_METRICS_PORT": str(free_port())}
        self.port = own["PORT"]
        environment = told | image.settings | own | settings | places
        enter = ["unshare", "--mount", "sh", "-c", ENTER, "sh", *command]
        super().__init__(name, enter, image.folder, environment)
        self.again = lambda *other: Container(image, f"{name}-{other[-1]}", other, **own)

    def output(self) -> str:
        """Of one that ends by itself."""
        done = subprocess.run(
            self.command, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


class Image:
    def __init__(self, root: Path, configuration: dict, folder: Path, settings: dict[str, str]):
        self.root, self.configuration, self.folder = root, configuration, folder
        self.settings = settings
        # As docker fills a volume that is new.
        self.var = folder / "image-var"
        original = root / "srv" / "pixeltrack" / "var"
        shutil.copytree(original, self.var)
        shutil.chown(self.var, original.stat().st_uid, original.stat().st_gid)

    def run(self, *command: str, **settings: str) -> str:
        return Container(self, "once", command, **settings).output()


@pytest.fixture(scope="module")
def written():
    return dict(re.findall(r"^(\w+)=(.*)$", filled(template()), re.MULTILINE))


@pytest.fixture(scope="module")
def stores(folder, written):
    needs("mariadbd")
    needs("redis-server")
    secrets = {name: value for name, value in written.items() if name[:5] in ("MYSQL", "REDIS")}
    servers = StoredMariaDB(folder, secrets), StoredRedis(folder, secrets)
    try:
        yield [server.start() for server in servers]
    finally:
        for server in servers:
            server.stop()


@pytest.fixture(scope="module")
def image(folder, written, stores):
    built = builder() or pytest.skip("neither docker, nor root with buildah and debootstrap")
    began = time.monotonic()
    built.build()
    print(f"\nThe image was built in {time.monotonic() - began:.0f} s", end="")
    service = compose.read(written)["services"]["prepare"]
    mariadb, redis = stores
    settings = compose.environment_of(service, written)
    settings |= {"HOST": "127.0.0.1", "MYSQL_HOST": "127.0.0.1", "MYSQL_PORT": str(mariadb.port)}
    settings |= {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(redis.port)}
    with built.unpacked() as root:
        size = sum(file.lstat().st_size for file in root.rglob("*") if file.is_file())
        print(f"; it has {size / 2**20:.0f} MiB of files.")
        yield Image(root, built.configuration(), folder, settings)


@pytest.fixture(scope="module")
def running(image):
    """The services, prepared and started as in the compose file."""
    services = compose.read()["services"]
    said = image.run(*services["prepare"]["command"])
    names = ("web", "consumer", "worker", "beat")
    started = {name: Container(image, name, services[name]["command"]) for name in names}
    try:
        for container in started.values():
            container.start()
        for container in started.values():
            container.wait_for(lambda container=container: is_well(container, image))
        yield started | {"said": said}
    finally:
        for container in reversed(started.values()):
            assert container.stop() == 0, container.text()


def is_well(container: Container, image: Image) -> bool:
    [kind, *question] = image.configuration["Healthcheck"]["Test"]
    assert kind == "CMD"
    asked = container.again(*question)
    return subprocess.run(
        asked.command, env=asked.environment, capture_output=True, check=False
    ).returncode == 0  # fmt: skip


def test_it_serves_a_pixel_which_is_counted(running, stores, written):
    pixel = re.search(r"A live pixel +http://[^/]+(/p/\S+)", running["said"])[1]
    at = f"http://127.0.0.1:{running['web'].port}"
    reply = httpx.get(at + pixel, headers={"User-Agent": "Thunderbird/128.0"})
    assert (reply.status_code, reply.content) == (200, GIF)

    def openings() -> bool:
        question = "SELECT COUNT(*) FROM pixeltrack.tracking_opening"
        return stores[0].ask("pixeltrack", written["MYSQL_PASSWORD"], question) == "1"

    wait_until(openings, what="the opening is in the database")


def test_its_pages_have_their_styles(running):
    with httpx.Client(base_url=f"http://127.0.0.1:{running['web'].port}") as client:
        page = client.get("/admin/login/").text
        [style, *_] = re.findall(r'href="(/static/[^"]+\.css)"', page)
        reply = client.get(style)
    assert reply.status_code == 200
    assert reply.headers["cache-control"].endswith("immutable")


def test_nobody_may_change_it(image):
    assert image.run("id", "-u").strip() not in ("", "0")
    attempt = "for place in / /srv/pixeltrack /srv/pixeltrack/static /srv/venv /etc /tmp var; do "
    attempt += "touch $place/own 2>/dev/null && echo $place; done; true"
    assert image.run("sh", "-c", attempt).split() == ["/tmp", "var"]
    assert "NoNewPrivs:\t1" in image.run("cat", "/proc/self/status")


def test_it_holds_what_runs_and_no_secret(image, written):
    found = {path.name for path in (image.root / "srv" / "pixeltrack").iterdir()}
    assert {"accounts", "campaigns", "pixeltrack", "static", "tracking", "manage.py"} <= found
    assert not {".env", ".git", "tests", "benchmarks", "docs", ".venv"} & found
    assert not list((image.root / "srv" / "pixeltrack").glob("*/tests"))
    assert not (image.root / "usr" / "bin" / "gcc").exists()
    settings = json.dumps(image.configuration)
    assert not re.search("PASSWORD|SECRET|FERNET", settings)


def test_several_may_prepare_at_once(image, running):
    command = compose.read()["services"]["prepare"]["command"]
    several = [Container(image, f"prepare-{number}", command).start() for number in range(2)]
    assert [each.process.wait(120) for each in several] == [0, 0]
