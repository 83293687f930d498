"""`python -m pixeltrack.launcher`, what `make run` ends in: everything on one machine.

One at a time in a folder: prepares the database, runs what the Procfile lists, and prints where
it all is. Django itself is only set up in the child processes, which saves its memory here.
"""

import argparse
import errno
import fcntl
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from honcho.environ import parse_procfile

from pixeltrack import embedded_redis
from pixeltrack.processes import end_with_parent, gather_metrics
from pixeltrack.supervisor import TICK, Ended, StopAsked, Supervisor
from pixeltrack.web_answers import web_answers

FIRST = "redis"  # the others stand on it
WEB = "web"  # lets nobody in before those that hits need are there, and stops first
LAST = "worker"  # no hit needs it: a start on two cores is shorter by its share
SECONDS_TO_ANSWER = 60


class Problem(Exception):
    """One sentence that says why PixelTrack can't start or go on, and what to do."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m pixeltrack.launcher", description=__doc__)
    parser.add_argument("-f", "--procfile", type=Path, default=settings.BASE_DIR / "Procfile")
    options = parser.parse_args()
    try:
        with only_one_at_a_time(), Supervisor() as supervisor:
            print("Starting …", flush=True)
            run(supervisor, parse_procfile(options.procfile.read_text()).processes)
    except StopAsked:
        print("PixelTrack stopped.")
        return 0
    except Ended as ended:
        return complain(f"PixelTrack stopped because {ended}; its last lines are above.")
    except (Problem, embedded_redis.RedisProblem) as problem:
        return complain(f"PixelTrack can't start: {problem}")


def complain(line: str) -> int:
    print(line, file=sys.stderr, flush=True)
    return 1


def run(supervisor: Supervisor, commands: dict[str, str]):
    """Returns never; StopAsked, Ended or Problem ends it."""
    require_free_port()
    gather_metrics(settings.VAR_DIR / "metrics")
    for name, command in commands.items():
        supervisor.add_process(name, command, env=child_environment(), cwd=settings.BASE_DIR)
    if settings.REDIS_EMBEDDED:
        embedded_redis.require_redis_server()
        embedded_redis.stop_orphan()
        supervisor.start([FIRST])
    welcome = prepare(supervisor)
    if settings.REDIS_EMBEDDED:
        supervisor.wait(until=embedded_redis.answers)
    supervisor.start(name for name in commands if name not in (FIRST, WEB, LAST))
    supervisor.start([WEB])
    if not supervisor.wait(until=web_answers, seconds=SECONDS_TO_ANSWER):
        raise Problem(f"/healthz did not answer within {SECONDS_TO_ANSWER} seconds.")
    supervisor.start((name for name in commands if name == LAST), outlive_last=True)
    print(welcome, flush=True)
    supervisor.wait()


@contextmanager
def only_one_at_a_time():
    """The kernel lets go of the lock with the process, however that ends."""
    with open(settings.VAR_DIR / "run.lock", "a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Problem(
                f"it runs already, in this folder, as process {lock.read().strip()}. Stop that "
                "one with Ctrl-C where it runs."
            ) from None
        lock.truncate(0)
        print(os.getpid(), file=lock, flush=True)
        yield


def require_free_port(patience=3):
    """What an earlier start left behind, if it was killed outright, may be on its way out."""
    host, port = settings.HOST, settings.PORT
    deadline = time.monotonic() + patience
    while error := refusal_to_bind(host, port):
        if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
            time.sleep(TICK)
            continue
        raise Problem(
            {
                errno.EADDRINUSE: f"port {port} on {host} is in use. Choose another: "
                f"PORT={port + 1} make run",
                errno.EACCES: f"port {port} is for root alone. Choose one from 1024 on: "
                "PORT=8000 make run",
            }.get(error.errno, f"it can't listen at HOST={host}: {error.strerror}.")
        )


def refusal_to_bind(host: str, port: int) -> OSError | None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does
        try:
            probe.bind((host, port))
        except OSError as error:
            return error


def prepare(supervisor: Supervisor) -> str:
    """`manage.py prepare`; returns what it has to say to a newcomer."""
    child = subprocess.Popen(  # nosec B603 # our own command, nothing that came from outside
        [sys.executable, "manage.py", "prepare"],
        cwd=settings.BASE_DIR,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=end_with_parent,
    )
    try:
        supervisor.wait(until=lambda: child.poll() is not None)
    finally:
        child.terminate()
        welcome, _ = child.communicate()
    if child.returncode:
        raise Problem("preparing it failed; the reason is above.")
    return welcome


def child_environment() -> dict[str, str]:
    here = str(Path(sys.executable).parent)  # `python` in the Procfile is this one
    path = os.pathsep.join([here, os.environ.get("PATH", os.defpath)])
    return os.environ | {"PATH": path, "PYTHONUNBUFFERED": "1"}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixeltrack.settings")
    sys.exit(main())
