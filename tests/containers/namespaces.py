"""The outer namespaces that all containers live in; they end with this process."""

import contextlib
import ctypes
import os
import signal
import subprocess
from pathlib import Path

from tests.services import find, wait_until

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PROGRAMS = ("unshare", "nsenter", "setpriv", "ip", "mount", "pivot_root", "hostname")
_libc = ctypes.CDLL(None, use_errno=True)
# The first process; when it ends, the kernel ends all others. Routes lead nowhere but to bridges.
FIRST = "mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up && echo 0 > "
FIRST += "/proc/sys/net/ipv4/ip_forward && echo ready && exec sleep infinity"


def missing() -> str:
    """Why there can be no containers here; empty where there can."""
    if os.getuid():
        return "namespaces with several users in them are for root"
    programs = [name for name in PROGRAMS if not find(name)]
    if programs:
        return f"missing: {', '.join(programs)}"
    tried = subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False
    )
    return "the kernel, or what this runs in, allows no namespaces" if tried.returncode else ""


def _die_with_parent():
    """By SIGKILL: unshare heeds nothing less while its child runs."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Namespaces:
    def __init__(self):
        options = [
            "--net",
            "--mount",
            "--pid",
            "--uts",
            "--ipc",
            "--fork",
            "--kill-child",
            "--mount-proc",
        ]
        self._holder = subprocess.Popen(
            ["unshare", *options, "sh", "-c", FIRST],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            preexec_fn=_die_with_parent,
            start_new_session=True,
        )
        assert self._holder.stdout.readline() == b"ready\n"
        self.pid = child_of(self._holder.pid)

    def end(self):
        self._holder.kill()
        self._holder.wait()
        self._holder.stdout.close()

    def run(self, *command: str):
        """Run it beside the bridges."""
        subprocess.run(
            ["nsenter", f"--target={self.pid}", "--net", "--mount", "--pid", *command], check=True
        )

    def script(self, *lines: str):
        self.run("sh", "-ec", "\n".join(lines))

    def network(self, container: str = "") -> Path:
        """The network that a container sees, or that of the bridges, as a file for the kernel."""
        if container:
            return Path(f"/proc/{self.pid}/root/run/netns/{container}")
        return Path(f"/proc/{self.pid}/ns/net")


@contextlib.contextmanager
def inside(network: Path):
    """What this thread opens or starts meanwhile is in that network, and stays there."""
    with open("/proc/thread-self/ns/net") as before, open(network) as there:
        _set_network(there)
        try:
            yield
        finally:
            _set_network(before)


def _set_network(file):
    if _libc.setns(file.fileno(), CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def child_of(pid: int) -> int:
    """The one process that `pid` has started; OSError when `pid` has ended."""

    def look() -> list[str]:
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            raise ProcessLookupError(f"{pid} has ended")
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()

    return int(wait_until(look, what=f"{pid} has a child")[0])
