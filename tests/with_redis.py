"""Runs a command beside a Redis of its own: python -m tests.with_redis manage.py check --deploy

The server lives in a temporary folder and ends with the command. The command finds it by
REDIS_URL.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.services import Redis


def main(command: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="pixeltrack-") as folder:
        server = Redis(Path(folder))
        try:
            server.start()
            environment = os.environ | {"REDIS_URL": server.url}
            return subprocess.run(command, env=environment, check=False).returncode
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
