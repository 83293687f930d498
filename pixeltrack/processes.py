"""What the processes of one machine share: who goes first, when they end, and where their metrics
meet."""

import atexit
import ctypes
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

PR_SET_PDEATHSIG = 1
NICENESS = 5  # a third of what the others get, where there is not enough of a core for all
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent():
    """Have the kernel send SIGTERM when the parent is gone, even if it was killed outright.

    Linux only; elsewhere the next start names what is left.
    """
    if _libc:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def give_way():
    """Let those go first who take in hits: a person who waits for a page or for an export doesn't
    notice what a mail client would. For a process that has no threads yet."""
    os.nice(NICENESS)


def gather_metrics(folder: Path):
    """Have prometheus_client, here and in children, keep its numbers in `folder`, emptied now.

    It looks at the variable once, when it is imported: call this before. Where the variable is
    set already, whoever set it has emptied the folder, and others may be writing there.
    """
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def gather_metrics_alone():
    """The same, in a folder that no other container sees, and that goes with this process."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        return
    folder = tempfile.mkdtemp(prefix="pixeltrack-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    atexit.register(remove_own, folder, os.getpid())


def remove_own(folder: str, pid: int):
    if os.getpid() == pid:  # and not a fork of it
        shutil.rmtree(folder, ignore_errors=True)
