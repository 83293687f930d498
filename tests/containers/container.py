"""One container: what is inside, its process, its health."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests import canary
from tests.containers.compose import Service, seconds, words
from tests.containers.dockerfile import BINARIES
from tests.containers.images import Image
from tests.containers.namespaces import Namespaces, child_of
from tests.services import MARK, wait_until

FIRST_PROCESS = Path(__file__).parent / "first_process.py"
# What Docker leaves to root in a container.
CAPABILITIES = [
    "chown",
    "dac_override",
    "fsetid",
    "fowner",
    "mknod",
    "net_raw",
    "setgid",
    "setuid",
    "setfcap",
    "setpcap",
    "net_bind_service",
    "sys_chroot",
    "kill",
    "audit_write",
]


@dataclass
class User:
    uid: int
    gid: int


class Container:
    """`volumes` is the folder of the named ones; `files` are written into /etc."""

    def __init__(
        self, name: str, service: Service, image: Image, namespaces: Namespaces, folder: Path
    ):
        self.name, self.service, self.image = name, service, image
        self.namespaces = namespaces
        self.folder = folder / name
        self.folder.mkdir(exist_ok=True)
        self.log = self.folder / "log"
        self.volumes = folder.parent / "volumes"
        self.addresses: dict[str, str] = {}  # name of a network → address there
        self.files: dict[str, str] = {}
        self.more_environment: dict[str, str] = {}
        self.is_wanted = False  # whether it is to be started again when it ends
        self._process: subprocess.Popen | None = None
        self._pid: int | None = None
        self._check: subprocess.Popen | None = None
        self.is_healthy = False

    # -- What is inside --------------------------------------------------------------------------
    @property
    def environment(self) -> dict[str, str]:
        ours = {MARK: os.environ[MARK]} if MARK in os.environ else {}  # leftovers are found by it
        return (
            {"PATH": BINARIES, "HOSTNAME": self.name, "HOME": "/"}
            | ours
            | self.image.environment
            | self.service.environment
            | self.more_environment
        )

    @property
    def working_dir(self) -> str:
        return self.service.entry.get("working_dir", self.image.working_dir)

    @property
    def users(self) -> dict[str, User]:
        known = {}
        for line in Path("/etc/passwd").read_text().splitlines():
            name, _, uid, gid, *_ = line.split(":")
            known[name] = User(int(uid), int(gid))
        return {name: User(uid, uid) for name, uid in self.image.users.items()} | known

    def user(self, name: str) -> User:
        name, _, group = name.partition(":")
        user = self.users.get(name) or User(int(name), int(name) if group else 0)
        if group:
            found = self.users.get(group)
            user = User(user.uid, found.gid if found else int(group))
        return user

    @property
    def our_user(self) -> User:
        return self.user(str(self.service.entry.get("user") or self.image.user or "root"))

    def as_our_user(self, command: list[str]) -> list[str]:
        """`command` with as little power as compose leaves to it."""
        entry = self.service.entry
        dropped = [name.lower() for name in entry.get("cap_drop", [])]
        kept = [] if "all" in dropped else [name for name in CAPABILITIES if name not in dropped]
        kept += [name.lower().removeprefix("cap_") for name in entry.get("cap_add", [])]
        bounds = ",".join(["-all", *(f"+{name}" for name in dict.fromkeys(kept))])
        options = [f"--bounding-set={bounds}", "--inh-caps=-all"]
        user = self.our_user
        options += [f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups"]
        if any("no-new-privileges" in each for each in entry.get("security_opt", [])):
            options.append("--no-new-privs")
        return ["/usr/bin/setpriv", *options, "--", *command]

    @property
    def command(self) -> list[str]:
        """As Docker puts it together: an entry point of its own leaves the image's command out."""
        entrypoint = words(self.service.entry.get("entrypoint"))
        command = words(self.service.entry.get("command"))
        if command is None:
            command = [] if entrypoint is not None else self.image.command
        return [*(self.image.entrypoint if entrypoint is None else entrypoint), *command]

    def inside(self) -> dict:
        """What first_process.py makes."""
        lines = [f"{n}:x:{u.uid}:{u.gid}::/:/bin/sh" for n, u in self.users.items()]
        groups = [f"{name}:x:{uid}:" for name, uid in self.image.users.items()]
        more = {
            "/etc/passwd": "\n".join(lines) + "\n",
            "/etc/group": Path("/etc/group").read_text() + "".join(f"{g}\n" for g in groups),
        }
        return {
            "folder": str(self.folder / "base"),
            "made": str(self.made),
            "hostname": self.name,
            "files": self.files | more,
            "folders": self.image.folders,
            "links": self.image.links,
            "mounts": [
                *((source, place, True) for source, place in self.image.mounts),
                *map(self.mount, self.service.volumes),
            ],
            "tmpfs": self.service.tmpfs,
            "read_only": bool(self.service.entry.get("read_only")),
            "init": bool(self.service.entry.get("init")),
            "user": [self.our_user.uid, self.our_user.gid],
            "working_dir": self.working_dir,
            "environment": self.environment,
            "command": self.as_our_user(self.command),
        }

    def mount(self, volume) -> tuple[str, str, bool]:
        """A new volume belongs to whom the image's folder belongs to."""
        source, target, read_only = volume
        if not source.startswith("/"):
            path = self.volumes / source
            if not path.exists():
                path.mkdir(parents=True)
                owner = self.user(self.image.owned.get(target, "root"))
                os.chown(path, owner.uid, owner.gid)
            source = str(path)
        assert Path(source).exists(), f"{self.name} mounts {source}, which isn't there"
        return source, target, read_only

    # -- Its process -----------------------------------------------------------------------------
    @property
    def made(self) -> Path:
        """Written when all that is around its command is there."""
        return self.folder / "made"

    def is_made(self) -> bool:
        return not self.runs or (self.made.exists() and self.made.stat().st_size > 0)

    def start(self):
        (self.folder / "base").mkdir(exist_ok=True)
        self.made.unlink(missing_ok=True)
        inside = self.folder / "inside.json"
        inside.write_text(json.dumps(self.inside()))
        inside.chmod(0o600)
        namespaces = ["--mount", "--pid", f"--net={self.namespaces.network(self.name)}"]
        own = ["--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child"]
        self._pid, self._check = None, None
        self.is_healthy, self.is_wanted = False, True
        with self.log.open("ab") as log:
            os.fchmod(log.fileno(), 0o666)  # opened again, as /dev/stdout, by whatever user
            self._process = subprocess.Popen(
                [
                    *["nsenter", f"--target={self.namespaces.pid}", *namespaces],
                    *["unshare", *own, sys.executable, "-I", str(FIRST_PROCESS), str(inside)],
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if self.service.is_ours:
            canary.keep(self.log)

    @property
    def pid(self) -> int:
        """Of its first process, as seen from here: below nsenter and unshare."""
        self._pid = self._pid or child_of(child_of(self._process.pid))
        return self._pid

    @property
    def main_pid(self) -> int:
        """Of its command, which is not the first process where `init` is one."""
        return child_of(self.pid) if self.service.entry.get("init") else self.pid

    @property
    def status(self) -> int | None:
        """How it ended; None while it runs, or before it was ever started."""
        return self._process.poll() if self._process else None

    @property
    def runs(self) -> bool:
        return self._process is not None and self.status is None

    def signal(self, number: int):
        os.kill(self.pid, number)

    def ask_to_stop(self):
        self.is_wanted = False
        if self.runs:
            asked = self.service.entry.get("stop_signal", self.image.stop_signal)
            self.signal(getattr(signal, asked))

    def kill(self):
        """As a power cut would; it isn't started again."""
        self.is_wanted = False
        if self.runs:
            self.signal(signal.SIGKILL)
            self._process.wait()

    def crash(self):
        """As the kernel ends it when memory runs out; it starts again if compose wants it."""
        process = self._process
        self.signal(signal.SIGKILL)
        process.wait()

    def text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    # -- More processes --------------------------------------------------------------------------
    def begin(self, command: list[str], **more) -> subprocess.Popen:
        """As `docker exec` does."""
        wait_until(self.is_made, what=f"{self.name} is made")
        enter = f"nsenter --target={self.pid} --mount --net --pid --uts --ipc".split()
        enter += ["/usr/bin/env", "-C", self.working_dir]
        return subprocess.Popen([*enter, *self.as_our_user(command)], env=self.environment, **more)

    def run(self, *command: str, input_text: str | None = None) -> str:
        """What it prints; its status must be 0."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with self.begin(list(command), text=True, **pipes) as process:
            printed, _ = process.communicate(input_text)
        assert process.returncode == 0, f"{self.name}: {command}: {printed}"
        return printed

    @property
    def healthcheck(self) -> list[str] | None:
        check = self.service.entry.get("healthcheck") or self.image.healthcheck or {}
        test = check.get("test")
        if not test or check.get("disable") or test == ["NONE"]:
            return None
        if isinstance(test, str):
            return ["/bin/sh", "-c", test]
        return ["/bin/sh", "-c", test[1]] if test[0] == "CMD-SHELL" else test[1:]

    def look_at_health(self) -> bool:
        """Ask once more, without waiting for the answer, which a later call may tell."""
        if self._check and self._check.poll() is not None:
            self.is_healthy = self._check.returncode == 0
            self._check = None
        elif not self._check and self.runs and self.is_made():
            said = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            with contextlib.suppress(OSError):  # it has just ended
                self._check = self.begin(self.healthcheck, **said)
        return self.is_healthy

    def is_healthy_now(self) -> bool:
        check = self.service.entry.get("healthcheck") or self.image.healthcheck
        with self.begin(self.healthcheck, stdout=subprocess.DEVNULL) as asked:
            return asked.wait(seconds(check.get("timeout", 30))) == 0
