"""Nothing lost on a Redis Cluster whose primaries die, where replies wait for a replica; what is
lost without, `make prove` measures."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import bare_environment
from tests.thorough import THOROUGH


@pytest.mark.skipif(not THOROUGH, reason="half a minute of both cores; make prove has it")
def test_what_a_replica_has_survives_its_primary():
    ran = subprocess.run(
        [sys.executable, "-m", "tests.ledger.prove_cluster", "--safe", "--seeds", "1"],
        capture_output=True,
        text=True,
        check=False,
        env=bare_environment(),
        cwd=Path(__file__).parent.parent,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "lost 0, double 0, phantom 0 — " in ran.stdout
    assert ", 4 faults, " in ran.stdout
