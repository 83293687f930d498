"""What the figures of a campaign cost to ask for, whether it has ten thousand openings or ten
million; and what it costs to count the openings, as others do. `make prove` runs it.

    python -m benchmarks.statistics [--openings 10000,1000000,10000000] [--requests 60]

The results go to benchmarks/STATISTICS.md. Exits with 1 if something does not hold.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.statistics_campaign import YEAR
from benchmarks.statistics_proof import Proof
from benchmarks.statistics_report import report, verdicts
from tests.services import find

RESULTS = Path(__file__).parent / "STATISTICS.md"


def main() -> int:
    options = parsed()
    options.load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="pixeltrack-") as folder:
        with Proof(Path(folder), options) as proof:
            for openings in options.openings:
                proof.make(openings)
            if options.year:
                proof.make(options.year, YEAR)
            options.load_then = os.getloadavg()[0]
            proof.measure()
            proof.judge()
        found = proof.found
    options.results.write_text(report(found, options))
    failed = [verdict for verdict in verdicts(found) if not verdict.holds]
    for verdict in failed:
        print(f"DOES NOT HOLD: {verdict.text}", file=sys.stderr)
    return bool(failed)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statistics", description=__doc__)
    parser.add_argument(
        "--openings",
        type=lambda text: [int(each) for each in text.split(",")],
        default=[10_000, 1_000_000, 10_000_000],
        help="of each campaign, the smallest first",
    )
    parser.add_argument(
        "--year",
        type=int,
        default=0,
        help="openings of one more campaign, of a year; 0, the default: none",
    )
    parser.add_argument("--requests", type=int, default=60, help="of each kind and size")
    parser.add_argument("--peer-runs", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: %(default)s")
    options = parser.parse_args()
    if min(options.openings) < 1_000 or min(options.requests, options.peer_runs) < 1:
        parser.error("--openings from 1000, --requests and --peer-runs from 1")
    if not find("mariadbd"):
        parser.error("missing here: mariadbd. On Debian and Ubuntu: apt install mariadb-server")
    return options


if __name__ == "__main__":
    sys.exit(main())
