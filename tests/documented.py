"""Commands as a page of the documentation has them, to be run as they stand there."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.services import ROOT

# Does inside, here, what `docker compose` would do in a container; the rest is for the test to do.
DOCKER = """\
#!/bin/sh
[ "$1" = compose ] || exit 1
case $2 in
exec) shift 4 ;;  # compose exec -T service
run) shift 5 ;;  # compose run --rm --no-deps service
stop | start | up) exit 0 ;;
*) exit 1 ;;
esac
exec "$@"
"""


def blocks(section: str, text: str) -> list[str]:
    """The fenced blocks of shell commands under this heading, up to the next one of its kind."""
    [found] = re.findall(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return re.findall(r"^```sh\n(.*?)^```$", found, re.M | re.S)


def blocks_of(page: str, section: str) -> list[str]:
    return blocks(section, (ROOT / page).read_text())


def put_program(folder: Path, name: str, text: str):
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(text)
    program.chmod(0o755)


def search_path(*first: Path) -> str:
    """For PATH: our Python before all others, and these before it."""
    return os.pathsep.join(map(str, [*first, Path(sys.executable).parent, os.environ["PATH"]]))


def run(script: str, folder: Path, environment: dict[str, str]) -> str:
    """What it prints; it ends at the first command that fails, and then so does the test."""
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
