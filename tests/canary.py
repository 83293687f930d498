"""What no log may hold, looked for in every log of a test run when it is over.

Each process writes its log into a folder of its test, which goes when that test is done. So the
log gets a second name, in the folder that PIXELTRACK_TEST_LOGS names: it stays there until the
end, also that of a process which another process of the run has started.
"""

import os
import re
import shutil
import tempfile
from itertools import count
from pathlib import Path

LOGS = "PIXELTRACK_TEST_LOGS"
FORBIDDEN = {
    "an e-mail address": r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}",
    "a pixel's token": r"gAAAA[\w-]{16,}",
    "a JSON Web Token": r"eyJ[\w-]{10,}\.[\w.-]+",
    "a bearer's token": r"(?i:bearer) +[\w.-]{8,}",
    "an API key": r"(?i:api-key) +[\w.-]{8,}",
    # Those that end in .0 are networks: truncated as they should be.
    "a full IP": r"(?<![\d.])(?!127\.0\.0\.1(?!\d)|0\.0\.0\.0|\d+\.\d+\.\d+\.0(?!\d))"
    r"\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)",
}
# `make run` shows these on the terminal of whoever started it.
GREETING = re.compile(r"^.*\b(?:A live pixel|Sign in as) .*$", re.MULTILINE)
_numbers = count(1)
_kept = set()


def make_folder() -> Path:
    """The folder for the logs of this run, which the processes of the run find by its name."""
    os.environ[LOGS] = tempfile.mkdtemp(prefix="pixeltrack-logs-")
    return Path(os.environ[LOGS])


def keep(log: Path):
    """Scan this log when the run is over, whatever becomes of its folder."""
    if LOGS in os.environ and log not in _kept:
        _kept.add(log)
        name = f"{os.getpid()}-{next(_numbers)}-{log.parent.name}-{log.name}"
        os.link(log, Path(os.environ[LOGS], name))


def forbidden_in(text: str) -> list[str]:
    """What the text holds that no log may, each with the line that it is in."""
    text = GREETING.sub("", text)
    found = []
    for what, pattern in FORBIDDEN.items():
        for match in re.finditer(pattern, text):
            begin = text.rfind("\n", 0, match.start()) + 1
            line = text[begin : match.end()]
            found.append(f"{what}: {line[-200:]}")
    return found


def scan(folder: Path) -> tuple[int, list[str]]:
    """How many logs there were, and what was found in them; the folder is gone afterwards."""
    found, logs = [], sorted(folder.iterdir())
    for log in logs:
        text = log.read_text(errors="replace")
        found += [f"{log.name}: {what}" for what in forbidden_in(text)[:5]]
    shutil.rmtree(folder)
    return len(logs), found
