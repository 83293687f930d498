"""Python that runs inside a stack's Django, in one process for all that is asked of it."""

import json
import subprocess
import sys
import threading
from pathlib import Path


class Shell:
    """Its process ends with its input, so with the tests, even if they are killed outright."""

    def __init__(self, environment: dict[str, str]):
        self.environment = dict(environment)
        self._turn = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.django_shell"],
            env=environment,
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, code: str):
        """The value that `code` gives to `answer`, by way of JSON."""
        with self._turn:
            self._process.stdin.write(json.dumps(code) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        said = json.loads(line) if line else {"error": "It has ended."}
        assert "error" not in said, f"{code}\n{said['error']}"
        return said["answer"]

    def end(self):
        self._process.communicate()
