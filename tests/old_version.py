"""The oldest version that an upgrade may begin with: its code, as the repository has it."""

import subprocess
from pathlib import Path

from tests.services import ROOT, bare_environment

# tests/run reads this line, to tell where the repository doesn't have it (a shallow clone).
OLD = "d8cc776553ba0d5bb5a95365e682c0dec4f4a3ca"
GIT = ["git", "-c", "safe.directory=*", "-C", str(ROOT)]


def is_here() -> bool:
    try:
        asked = [*GIT, "cat-file", "-e", f"{OLD}^{{commit}}"]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:  # no git
        return False


def unpack_old_version(folder: Path) -> Path:
    """Where its code is then."""
    place = folder / "old-version"
    place.mkdir()
    with subprocess.Popen(
        [*GIT, "archive", "--format=tar", OLD], stdout=subprocess.PIPE, env=bare_environment()
    ) as archive:
        subprocess.run(["tar", "-x", "-C", place], stdin=archive.stdout, check=True)
    assert archive.returncode == 0
    return place
