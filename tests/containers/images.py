"""What stands in for the images that compose names: Debian's programs, and what the images' entry
points do that Debian's don't."""

import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.containers.dockerfile import context, read_dockerfile
from tests.services import bare_environment

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@dataclass(frozen=True)
class Image:
    """`stands_in` tells what is other than in earnest. `users` are those that the image knows and
    this machine may not; `owned` are its folders that aren't root's, which new volumes keep;
    `folders` are those of root's that a tmpfs takes its mode from, as Docker has it."""

    stands_in: str
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""
    users: dict[str, int] = field(default_factory=dict)
    owned: dict[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    links: dict[str, str] = field(default_factory=dict)
    mounts: tuple[tuple[str, str], ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    working_dir: str = "/"
    stop_signal: str = "SIGTERM"
    healthcheck: dict | None = None


STAND_INS = str(HERE / "stand_ins")
IMAGES = {
    "mysql": Image(
        "MariaDB, begun anew by tests/containers/stand_ins/mysql, in place of MySQL",
        entrypoint=("/usr/bin/bash", "/stand_ins/mysql"),
        command=("mysqld",),
        user="mysql",
        owned={"/var/lib/mysql": "mysql"},
        mounts=((STAND_INS, "/stand_ins"),),
    ),
    "redis": Image(
        "Debian's redis-server",
        command=("redis-server",),
        user="redis",
        owned={"/data": "redis"},
        working_dir="/data",
    ),
    "nginx": Image(
        "Debian's nginx, for whom /var/lib/nginx is a link to the image's /var/cache/nginx",
        command=("nginx", "-g", "daemon off;"),
        users={"nginx": 101},
        links={"/var/lib/nginx": "/var/cache/nginx"},
        folders=("/var/cache/nginx",),
        stop_signal="SIGQUIT",
    ),
    "prom/prometheus": Image(
        "Debian's prometheus",
        entrypoint=("/usr/bin/prometheus",),
        user="nobody",
        owned={"/prometheus": "nobody"},
        working_dir="/prometheus",
    ),
    "prom/mysqld-exporter": Image(
        "Debian's prometheus-mysqld-exporter",
        entrypoint=("/usr/bin/prometheus-mysqld-exporter",),
        user="nobody",
    ),
    "oliver006/redis_exporter": Image(
        "Debian's prometheus-redis-exporter",
        entrypoint=("/usr/bin/prometheus-redis-exporter",),
        user="59000",
    ),
    "nginx/nginx-prometheus-exporter": Image(
        "Debian's prometheus-nginx-exporter",
        entrypoint=("/usr/bin/prometheus-nginx-exporter",),
        user="1001",
    ),
}
NOT_HERE = {
    "grafana/grafana": "Grafana: its dashboards and data sources are checked as configuration only",
    "cadvisor": "cAdvisor: its job in Prometheus is checked as configuration only",
}


def repository(image: str) -> str:
    """docker.io/library/redis:7.4@sha256:… → redis."""
    name = image.partition("@")[0].rpartition(":")[0] or image
    return name.removeprefix("docker.io/").removeprefix("library/")


def is_not_here(image: str) -> str:
    return next((why for name, why in NOT_HERE.items() if repository(image).endswith(name)), "")


def image_of(service, folder: Path, static: Path | None) -> Image:
    return our_image(folder, static) if service.is_ours else IMAGES[repository(service.image)]


@cache
def our_image(folder: Path, collected: Path | None) -> Image:
    """What our Dockerfile says, with this machine's Python and packages; what is built for it lies
    in `folder`, but for static files that were `collected` already."""
    said = read_dockerfile(ROOT / "Dockerfile")
    var, static = said.environment["PIXEL_VAR_DIR"], said.environment["PIXEL_STATIC_DIR"]
    static_files = collected or collect_static(folder)
    mounts = [
        (sys.prefix, said.environment["PATH"].partition("/bin:")[0]),
        (str(static_files), static),
    ]
    if not sys.base_prefix.startswith("/usr"):
        mounts.append((sys.base_prefix, sys.base_prefix))
    for name in context(ROOT / ".dockerignore"):
        mounts.append((str(ROOT / name), f"{said.working_dir}/{name}"))
    return Image(
        "this folder and its virtual environment, with what the Dockerfile says of them",
        entrypoint=tuple(said.entrypoint),
        command=tuple(said.command),
        user=said.user,
        users=said.uids,
        owned={var: said.user},
        mounts=tuple(mounts),
        environment=said.environment,
        working_dir=said.working_dir,
        stop_signal=said.stop_signal,
        healthcheck=said.healthcheck,
    )


def collect_static(folder: Path) -> Path:
    """As the Dockerfile does, with secrets that are for nothing else."""
    environment = bare_environment(
        PIXEL_ENV_FILE=str(folder / "build.env"),
        PIXEL_VAR_DIR=str(folder / "var"),
        PIXEL_STATIC_DIR=str(folder / "static"),
    )
    for command in (
        ["pixeltrack/bootstrap.py"],
        ["manage.py", "collectstatic", "--noinput", "--verbosity", "0"],
    ):
        subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=environment, check=True, capture_output=True
        )
    return folder / "static"
