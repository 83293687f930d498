"""A spool on a disk that is soon full."""

import contextlib
import resource
import subprocess

SIZE = 64 * 1024


@contextlib.contextmanager
def small_disk(world):
    """A tmpfs of 64 KiB; where nobody may mount one, a limit for the files of the web process."""
    world.spool.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(world.spool)]
    if subprocess.run(mount, check=False, capture_output=True).returncode == 0:
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", str(world.spool)], check=True)
        return
    limit = resource.RLIMIT_FSIZE
    before = resource.prlimit(world.worker(), limit)
    resource.prlimit(world.worker(), limit, (SIZE, before[1]))
    try:
        yield
    finally:
        resource.prlimit(world.worker(), limit, before)
