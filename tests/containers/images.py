"""What stands in for the images that compose names: Debian's programs, and what the images' entry
points do that Debian's don't."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.containers.dockerfile import Dockerfile, read_dockerfile

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
BINARIES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


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


def image_of(service) -> Image:
    return our_image() if service.is_ours else IMAGES[repository(service.image)]


def our_image() -> Image:
    """What our Dockerfile says, with this machine's Python and packages."""
    said: Dockerfile = read_dockerfile(ROOT / "Dockerfile")
    place = said.environment.get("VIRTUAL_ENV", "/opt/venv")
    name, _, uid = said.user.partition(":")
    mounts = [(sys.prefix, place)]
    if not sys.base_prefix.startswith("/usr"):
        mounts.append((sys.base_prefix, sys.base_prefix))
    for source, target in said.copied:
        mounts += copied(source, target, said.working_dir)
    var = said.environment.get("PIXEL_VAR_DIR", f"{said.working_dir}/var")
    return Image(
        "this folder and its virtual environment, with what the Dockerfile says",
        entrypoint=tuple(said.entrypoint),
        command=tuple(said.command),
        user=said.user,
        users={} if name.isdigit() else {name: 10001},
        owned={var: said.user, **dict.fromkeys(said.volumes, said.user)},
        mounts=tuple(mounts),
        environment=said.environment,
        working_dir=said.working_dir,
        stop_signal=said.stop_signal,
        healthcheck=said.healthcheck,
    )


def copied(source: str, target: str, working_dir: str) -> list[tuple[str, str]]:
    """What COPY takes of the repository, as mounts."""
    at = os.path.normpath(os.path.join(working_dir, target))
    path = ROOT / source
    if source in (".", "./"):
        hidden = {".git", ".env", ".venv", "var"}
        return [
            (str(each), f"{at}/{each.name}") for each in ROOT.iterdir() if each.name not in hidden
        ]
    if path.is_dir():
        return [(str(path), at)]
    into = target.endswith("/") or target == "."
    return [(str(each), f"{at}/{each.name}" if into else at) for each in ROOT.glob(source)]
