"""That what `make bench` and `make prove` run can be loaded; they themselves take minutes."""

import importlib
from pathlib import Path

import pytest

from tests.services import ROOT

BENCHMARKS = sorted(path.stem for path in Path(ROOT, "benchmarks").glob("[a-z]*.py"))
PEERS = {"pytracking", "radix"}  # modules that `make bench` installs; `make prove` must do without
OF_PEERS = {"end_to_end", "end_to_end_peer", "pixel", "pixel_peers", "ranges", "ranges_sides"}


@pytest.mark.parametrize("name", BENCHMARKS)
def test_it_loads(name):
    try:
        importlib.import_module(f"benchmarks.{name}")
    except ModuleNotFoundError as missing:
        if missing.name not in PEERS or name not in OF_PEERS:
            raise
        pytest.skip(f"{missing.name} is a peer's, and only make bench installs it")
