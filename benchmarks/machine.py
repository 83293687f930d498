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
