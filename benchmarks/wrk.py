"""wrk, the load generator, with `wrk.lua`: many clients at once for a few seconds."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.services import find

SCRIPT = Path(__file__).with_suffix(".lua")
GRACE_S = 1  # for the answers to what was sent last
PATIENCE_S = 10  # an answer that comes later is none


@dataclass(frozen=True)
class Load:
    """What came of a window of so many seconds; times in milliseconds."""

    seconds: float
    answers: int
    refused: int  # of the answers: status 400 and above
    broken: int
    p50: float
    p99: float

    @property
    def taken(self) -> int:
        return self.answers - self.refused

    @property
    def rate(self) -> float:
        """Requests that were taken, per second."""
        return self.taken / self.seconds


def load(url: str, what: str, clients: int, seconds: int) -> Load:
    """`what`: "track" or "stats"."""
    options = f"--threads 1 --connections {clients} --timeout {PATIENCE_S}s"
    command = [find("wrk"), *options.split(), "--duration", f"{seconds + GRACE_S}s"]
    command += ["--script", SCRIPT, url, "--", what, str(seconds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(re.search(r"^FOUND (.*)$", done.stdout, re.MULTILINE)[1])
    return Load(seconds, **found)
