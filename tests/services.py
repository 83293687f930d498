"""Real processes for the whole-system tests: started, watched, and ended by their pid."""

import contextlib
import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import redis

from pixeltrack.embedded_redis import find_redis_server
from pixeltrack.processes import end_with_parent
from tests import canary

ROOT = Path(__file__).parent.parent
MARK = "PIXELTRACK_TEST_RUN"  # in the environment of all that a test run starts
PATIENCE = 60.0  # seconds: how long a slow machine may take for what comes true in the end
WHERE_SERVERS_ARE = "/usr/sbin:/usr/local/sbin:/sbin"  # not on everybody's PATH


class GaveUp(AssertionError):
    """A condition did not come true in time."""


def wait_until(
    condition, *, within: float = PATIENCE, what: str, every: float = 0.02, look=lambda: ""
):
    """The first true value of `condition()`; GaveUp after `within` seconds, with `look()`."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise GaveUp(f"{what}: not within {within:g} s {look()}".rstrip())
        time.sleep(every)
    return value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def find(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:{WHERE_SERVERS_ARE}")


def bare_environment(**more: str) -> dict[str, str]:
    """What a process needs of ours, without any setting of PixelTrack, and our mark."""
    kept = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", MARK, canary.LOGS)
    return {name: os.environ[name] for name in kept if name in os.environ} | more


def survivors(mark: str | None = None) -> list[str]:
    """Processes of this test run that are still there, as "pid command"; `mark` narrows it."""
    wanted = f"{MARK}={mark or os.environ[MARK]}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int(process.name) == os.getpid():
                continue
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            environment = (process / "environ").read_bytes().split(b"\0")
            if state != "Z" and any(each.startswith(wanted) for each in environment):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found.append(f"{process.name} {command}")
    return found


class Service:
    """One process, in a session of its own: a Ctrl-C reaches the tests only, and they end it."""

    def __init__(self, name: str, command: list, folder: Path, environment: dict[str, str]):
        self.name = name
        self.command = [str(part) for part in command]
        self.environment = environment
        self.root = ROOT  # whose code it runs: another version's, where a test says so
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen | None = None

    def start(self):
        # Even when the tests are killed outright, it ends with them. The kernel takes the thread
        # that starts it for its parent, so that one must last as long as the tests do.
        lasting = threading.current_thread() is threading.main_thread()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                cwd=self.root,
                start_new_session=True,
                preexec_fn=end_with_parent if lasting else None,
            )
        canary.keep(self.log)
        return self

    def wait_for(self, ready, within=PATIENCE):
        """Until `ready()`; an AssertionError with the log if the process ends before."""

        def is_ready():
            assert self.process.poll() is None, f"{self.name} ended:\n{self.text()}"
            return ready()

        try:
            wait_until(is_ready, within=within, what=f"{self.name} is ready")
        except GaveUp as problem:
            raise GaveUp(f"{problem}\n{self.text()}") from None
        return self

    def stop(self, signal_number=signal.SIGTERM, within=PATIENCE) -> int | None:
        """End the process; its exit status. What doesn't end in time is killed."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
            try:
                self.process.wait(within)
            except subprocess.TimeoutExpired:
                self.kill()
                raise GaveUp(f"{self.name} had to be killed\n{self.text()}") from None
        return self.process.returncode

    def kill(self):
        """End the process and what it started, as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""


class Redis(Service):
    """A Redis with the safety that the stream asks for, on a Unix socket."""

    def __init__(self, folder: Path):
        self.socket = folder / "redis.sock"
        data = folder / "redis"
        data.mkdir()
        options = f"--port 0 --unixsocket {self.socket} --dir {data} --save".split()
        options += ["", "--appendonly", "yes", "--maxmemory-policy", "noeviction"]
        super().__init__("redis", [find_redis_server(), *options], folder, bare_environment())
        self.url = f"unix://{self.socket}?db=0"

    def start(self):
        """Also again, after it was killed."""
        super().start()
        return self.wait_for(self.answers)

    def answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), redis.Redis.from_url(self.url) as client:
            return client.ping()
        return False


class MariaDB(Service):
    """A MariaDB of its own in `folder`, on a free port."""

    def __init__(self, folder: Path, *more_options: str):
        self.data = folder / "mariadb"
        self.socket = folder / "mariadb.sock"
        self.port = free_port()
        self.user, self.password = "pixeltrack", secrets.token_hex(16)
        self.us = f"--user={getpass.getuser()}"  # mariadbd as root wants to be told so
        options = f"--no-defaults {self.us} --datadir={self.data} --socket={self.socket} "
        options += f"--port={self.port} --bind-address=127.0.0.1 --skip-log-bin "
        options += f"--pid-file={folder}/mariadb.pid --innodb-flush-log-at-trx-commit=1 "
        options += "--max-connections=300 --innodb-buffer-pool-size=128M "
        # Each server that starts deletes what it takes for leftovers in its temporary folder.
        self.temporary = folder / "mariadb-tmp"
        options += f"--tmpdir={self.temporary}"
        command = [find("mariadbd"), *options.split(), *more_options]
        super().__init__("mariadb", command, folder, bare_environment())

    def start(self):
        self.temporary.mkdir()
        subprocess.run(
            [
                find("mariadb-install-db"),
                "--no-defaults",
                f"--datadir={self.data}",
                self.us,
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ],
            check=True,
            capture_output=True,
            env=bare_environment(),
        )
        super().start()
        self.wait_for(lambda: listens(self.port))
        self.run_sql(
            f"CREATE USER {self.user}@'127.0.0.1' IDENTIFIED BY '{self.password}'; "
            f"GRANT ALL ON *.* TO {self.user}@'127.0.0.1'"
        )
        return self

    def run_sql(self, statements: str) -> str:
        """What they select, in lines and with tabs."""
        command = [find("mariadb"), "--no-defaults", "-uroot", f"--socket={self.socket}", "-N"]
        ran = subprocess.run(
            [*command, "-e", statements],
            check=True,
            env=bare_environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        return ran.stdout

    def dump(self, database: str, file: Path):
        """Its tables, with what is in them."""
        command = [find("mariadb-dump"), "--no-defaults", "-uroot", f"--socket={self.socket}"]
        with file.open("wb") as output:
            subprocess.run([*command, database], check=True, env=bare_environment(), stdout=output)

    def load(self, database: str, file: Path):
        """What `dump` has written."""
        command = [find("mariadb"), "--no-defaults", "-uroot", f"--socket={self.socket}", database]
        with file.open("rb") as tables:
            subprocess.run(command, check=True, env=bare_environment(), stdin=tables)

    def settings(self, database: str) -> dict[str, str]:
        """What makes PixelTrack use `database` here, as environment variables."""
        return {
            "MYSQL_HOST": "127.0.0.1",
            "MYSQL_PORT": str(self.port),
            "MYSQL_USER": self.user,
            "MYSQL_PASSWORD": self.password,
            "MYSQL_DATABASE": database,
        }

    def create_database(self, name: str) -> dict[str, str]:
        self.run_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return self.settings(name)
