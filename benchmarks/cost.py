"""What an opening costs: CPU by process, bytes by store; and what so many a day need of machines.
`make prove` runs it.

    python -m benchmarks.cost [--hits 80000] [--rate 2000]

The results go to benchmarks/COST.md, and its last table into docs/operations.md. Exits with 1 if a
hit was not counted.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.cost_needs import table
from benchmarks.cost_report import quoted, report
from benchmarks.cost_run import Run
from tests.services import find

RESULTS = Path(__file__).parent / "COST.md"
PAGE = Path(__file__).parent.parent / "docs" / "operations.md"


def main() -> int:
    options = parsed()
    options.load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="pixeltrack-") as folder:
        cost = Run(Path(folder), options).execute()
    options.results.write_text(report(cost, options))
    if options.results == RESULTS:
        PAGE.write_text(quoted(PAGE.read_text(), table(cost)))
    for problem in cost.problems:
        print(f"DOES NOT HOLD: {problem}", file=sys.stderr)
    return bool(cost.problems)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__)
    parser.add_argument("--hits", type=int, default=80_000, help="whose CPU is measured")
    parser.add_argument("--rate", type=int, default=2_000, help="hits a second")
    parser.add_argument("--warm-up", type=int, default=5_000, help="hits before them")
    parser.add_argument("--flood", type=int, default=20_000, help="hits at once, measured too")
    parser.add_argument("--waiting", type=int, default=10_000, help="hits to fill Redis with")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: %(default)s")
    options = parser.parse_args()
    if min(value for value in vars(options).values() if isinstance(value, int)) < 1:
        parser.error("all numbers from 1")
    needed = {"mariadbd": "mariadb-server", "nginx": "nginx"}
    if missing := [package for program, package in needed.items() if not find(program)]:
        parser.error(f"missing here: apt install {' '.join(missing)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
