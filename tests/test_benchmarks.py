"""That what `make bench` and `make prove` run can be loaded; they themselves take minutes."""

import importlib
from pathlib import Path

import pytest

from tests.services import ROOT

BENCHMARKS = sorted(path.stem for path in Path(ROOT, "benchmarks").glob("[a-z]*.py"))


@pytest.mark.parametrize("name", BENCHMARKS)
def test_it_loads(name):
    importlib.import_module(f"benchmarks.{name}")
