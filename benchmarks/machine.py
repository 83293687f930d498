"""What a page of results says of the machine that made it."""

import os
import platform
import re
from datetime import date
from importlib.metadata import version
from pathlib import Path


def made_on() -> dict:
    """The day, the machine, and the versions that all of them name."""
    return {
        "day": date.today(),
        "machine": platform.platform(terse=True),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "django": version("Django"),
        "gunicorn": version("gunicorn"),
    }


def processor() -> str:
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else "unknown processor"


class Stolen:
    """What others on the same host have taken of the machine's time, since this was made: a core of
    a virtual machine may stand still while the machine believes that it works."""

    def __init__(self):
        self._before = times()

    def share(self) -> float:
        """0 to 1; 0 where the system does not tell."""
        stolen, total = (now - before for now, before in zip(times(), self._before, strict=True))
        return stolen / total if total else 0.0


def times() -> tuple[int, int]:
    """Ticks of all cores since boot: stolen ones, and all."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0, 0
    ticks = [int(number) for number in stat.read_text().splitlines()[0].split()[1:9]]
    return ticks[7], sum(ticks)
