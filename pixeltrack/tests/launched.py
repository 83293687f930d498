"""A PixelTrack that was launched, with stand-ins for most of its processes."""

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

from redis import Redis

from pixeltrack.tests.surroundings import PATIENCE, ROOT, bare_environment, free_port, wait_until

MARK = "PIXELTRACK_LAUNCH"  # in the environment of all that a launch starts
STAND_IN = "python pixeltrack/tests/stand_in.py"
PROCFILE = {
    "web": f"{STAND_IN} web",
    "redis": "python -m pixeltrack.embedded_redis",
    "consumer": f"{STAND_IN} consumer",
}


class Launch:
    """`Launch(folder)` starts it; keywords are lines of the Procfile beside those above."""

    def __init__(self, folder: Path, command=None, settings=None, **procfile: str):
        self.folder = folder
        self.mark = secrets.token_hex(8)
        self.environment = bare_environment(folder, PORT=str(free_port()))
        self.environment |= {"DJANGO_SETTINGS_MODULE": "pixeltrack.settings"} | (settings or {})
        self.procfile = folder / "Procfile"
        lines = (f"{name}: {command}\n" for name, command in (PROCFILE | procfile).items())
        self.procfile.write_text("".join(lines))
        self.log = folder / f"{self.mark}.log"
        stand_in = [sys.executable, "-m", "pixeltrack.tests.stand_in_launcher"]
        self.process = self.run(command or [*stand_in, str(self.procfile)])

    def run(self, command) -> subprocess.Popen:
        with open(self.log, "a") as log:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment | {MARK: self.mark},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        return self.log.read_text()

    @property
    def last_line(self) -> str:
        return self.text.splitlines()[-1]

    def until(self, text: str, seconds: float = PATIENCE) -> "Launch":
        wait_until(lambda: text in self.text or self.process.poll() is not None, seconds)
        assert text in self.text, self.text
        return self

    def until_it_runs(self) -> "Launch":
        return self.until("Welcome.")

    def send(self, signum=signal.SIGINT) -> "Launch":
        """As a terminal does, to the whole group; the children have sessions of their own."""
        os.killpg(self.process.pid, signum)
        return self

    def status(self, seconds: float = PATIENCE) -> int:
        return self.process.wait(timeout=seconds)

    def processes(self) -> dict[int, str]:
        """All that carry our mark, as pid → command line.

        A Redis writes its title over its environment; it is known by the folder it works in.
        """
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                marked = f"{MARK}={self.mark}\0".encode() in (folder / "environ").read_bytes()
                if marked or (folder / "cwd").readlink() == self.folder / "var" / "redis":
                    line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(folder.name)] = line
            except OSError:
                continue  # it ended meanwhile, or is not ours
        return {pid: line for pid, line in found.items() if line}

    def pid_of(self, part: str) -> int:
        [pid] = [
            pid
            for pid, line in self.processes().items()
            if part in line and pid != self.process.pid
        ]
        return pid

    def redis(self) -> Redis:
        return Redis(unix_socket_path=str(self.folder / "var" / "redis.sock"))

    def clear_away(self):
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
