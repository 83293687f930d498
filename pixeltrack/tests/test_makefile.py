"""What `make` does before any of our Python runs."""

import os
import re
import subprocess

import pytest

from pixeltrack.tests.surroundings import ROOT


@pytest.fixture
def folder(tmp_path):
    """A folder with nothing but the Makefile and what it reads."""
    names = ["Makefile", "constraints.txt", "requirements-embedded.txt", "requirements.txt"]
    for name in names:
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def make(folder, *arguments, **variables):
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"} | variables
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_alone_lists_the_targets(folder):
    listed = re.findall(r"^  make (\w+) ", make(folder).stdout, re.MULTILINE)
    assert {"help", "run", "env", "test", "lint"} <= set(listed)


def test_it_installs_what_comes_as_a_wheel_and_nothing_else(folder):
    planned = make(folder, "-n", "run").stdout
    assert "--only-binary :all: -r requirements-embedded.txt" in planned
    assert "mysqlclient" not in planned


def test_a_mysql_host_in_the_environment_asks_for_the_full_set(folder):
    planned = make(folder, "-n", "run", MYSQL_HOST="db").stdout
    assert "--no-binary mysqlclient -r requirements.txt" in planned
    assert "requirements-embedded.txt" not in planned


@pytest.mark.parametrize(
    ("line", "full"),
    [
        ("MYSQL_HOST=db", True),
        ("export MYSQL_HOST='db'", True),
        ("MYSQL_HOST=", False),
        ("# MYSQL_HOST=db", False),
        ("MYSQL_HOST=  # none", False),
    ],
)
def test_a_mysql_host_in_the_env_file_asks_for_the_full_set(folder, line, full):
    (folder / ".env").write_text(line + "\n")
    assert ("-r requirements.txt" in make(folder, "-n", "run").stdout) == full


def test_a_python_that_is_too_old_gets_one_clear_line(folder):
    old = folder / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = make(folder, "run", f"PYTHON={old}")
    complaint, makes_own = done.stderr.splitlines()
    assert complaint == (
        f"PixelTrack needs Python 3.11 or newer, and {old} is not. "
        "Name one: PYTHON=python3.12 make run"
    )
    assert makes_own.startswith("make: ***")
    assert not (folder / ".venv").exists()


def test_a_python_that_is_missing_gets_the_same_line(folder):
    done = make(folder, "run", "PYTHON=no-such-python")
    assert done.stderr.startswith("PixelTrack needs Python 3.11 or newer, and no-such-python is")


def test_make_env_writes_secrets_before_anything_is_installed(folder):
    (folder / "pixeltrack").symlink_to(ROOT / "pixeltrack")
    variables = {"PIXEL_ENV_FILE": str(folder / "secrets")}
    assert make(folder, "env", **variables).returncode == 0
    first = (folder / "secrets").read_text()
    assert "FERNET_KEY=" in first
    assert make(folder, "env", **variables).returncode == 0
    assert (folder / "secrets").read_text() == first
