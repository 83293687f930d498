"""Runs a command beside a MariaDB of its own: python -m tests.with_mariadb pytest tracking

The server lives in a temporary folder and ends with the command, also on Ctrl-C. The command
finds it by MYSQL_HOST and its like.
"""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.services import MariaDB

# Nobody pulls its plug: nothing has to be on the disk before it goes on.
HASTY = ("--innodb-flush-method=nosync", "--skip-innodb-doublewrite")


def main(command: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="pixeltrack-") as folder:
        server = MariaDB(Path(folder), *HASTY)
        try:
            server.start()
            environment = os.environ | server.settings("pixeltrack")
            # Set by our own imports. pytest would read the settings before conftest.py sets them.
            del environment["DJANGO_SETTINGS_MODULE"]
            with subprocess.Popen(command, env=environment) as child:
                # A Ctrl-C reaches the command by itself: let it end its way, then the server.
                signal.signal(signal.SIGINT, lambda *_: None)
                signal.signal(signal.SIGTERM, lambda *_: child.terminate())
            return child.returncode if child.returncode >= 0 else 128 - child.returncode
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
