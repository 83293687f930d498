"""How long a pixel's answer takes at a steady rate while a list of contacts is imported, openings
are exported and dashboards are looked at, all on the same machine. `make prove` runs it.

    python -m benchmarks.busy [--rate 1000] [--seconds 60] [--rows 1000000] [--openings 1000000]

The results go to benchmarks/BUSY.md. Exits with 1 if something does not hold.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.busy_report import report, verdicts
from benchmarks.busy_run import Run
from benchmarks.machine import Stolen
from tests.services import find

RESULTS = Path(__file__).parent / "BUSY.md"
PROGRAMS = ("mariadbd", "redis-server")


def main() -> int:
    options = parsed()
    options.load, options.stolen = os.getloadavg()[0], Stolen()
    with (
        tempfile.TemporaryDirectory(prefix="pixeltrack-") as folder,
        Run(Path(folder), options) as run,
    ):
        run.prepare()
        run.measure()
        run.judge()
    options.results.write_text(report(run.found, options))
    failed = [verdict for verdict in verdicts(run.found) if not verdict.holds]
    for verdict in failed:
        print(f"DOES NOT HOLD: {verdict.text}", file=sys.stderr)
    return bool(failed)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.busy", description=__doc__)
    parser.add_argument("--rate", type=int, default=1_000, help="pixels a second")
    parser.add_argument("--seconds", type=int, default=60, help="among all else")
    parser.add_argument("--alone", type=int, default=15, help="seconds before that")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the import")
    parser.add_argument("--openings", type=int, default=1_000_000, help="to be exported")
    parser.add_argument("--dashboards", type=int, default=10)
    parser.add_argument("--connections", type=int, default=64, help="of those who ask for pixels")
    parser.add_argument(
        "--readers", type=int, default=2_000, help="User-Agents; 0: each request has its own"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: %(default)s")
    options = parser.parse_args()
    least = (options.rate, options.seconds, options.alone, options.dashboards, options.connections)
    if min(*least, options.openings) < 1 or options.rows < 1_000 or options.readers < 0:
        parser.error("--rows from 1000, --readers from 0, all others from 1")
    if missing := [program for program in PROGRAMS if not find(program)]:
        parser.error(
            f"missing here: {', '.join(missing)}. On Debian and Ubuntu: apt install "
            "mariadb-server redis-server"
        )
    return options


if __name__ == "__main__":
    sys.exit(main())
