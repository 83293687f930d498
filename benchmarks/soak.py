"""Half of what PixelTrack can take in, for half an hour: memory flat, lag bounded, no error. `make
prove` runs it.

    python -m benchmarks.soak [--minutes 30] [--rate HITS_A_SECOND] [--pixels 1000000]

The results go to benchmarks/SOAK.md. Exits with 1 if something does not hold.
"""

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.end_to_end_sides import CORES
from benchmarks.freshness_run import BUFFER_POOL
from benchmarks.machine import Stolen
from benchmarks.soak_report import report, verdicts
from benchmarks.soak_run import Found, Whole, soak
from tests.services import MariaDB, find

RESULTS = Path(__file__).parent / "SOAK.md"
PROGRAMS = ("mariadbd", "redis-server", "taskset", "wrk")


def main() -> int:
    options = parsed()
    options.load, options.stolen = os.getloadavg()[0], Stolen()
    with tempfile.TemporaryDirectory(prefix="pixeltrack-") as folder, ExitStack() as ending:
        found = measure(Path(folder), options, ending)
    options.results.write_text(report(found, options))
    failed = [verdict for verdict in verdicts(found) if not verdict.holds]
    for verdict in failed:
        print(f"DOES NOT HOLD: {verdict.text}", file=sys.stderr)
    return bool(failed)


def measure(folder: Path, options, ending: ExitStack) -> Found:
    mariadb, tokens = MariaDB(folder, BUFFER_POOL), folder / "tokens"
    ending.callback(mariadb.stop)
    mariadb.start()
    with Whole(folder, mariadb) as side:
        pixels = len(side.make_pixels(options.pixels, tokens))
        return soak(side, tokens, pixels, options)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument(
        "--rate", type=float, default=0, help="hits a second; without it, half of the highest"
    )
    parser.add_argument("--step", type=int, default=8, help="seconds of a try of a rate")
    parser.add_argument("--seconds", type=int, default=20, help="of the last of these")
    parser.add_argument("--pixels", type=int, default=1_000_000)
    parser.add_argument("--readers", type=int, default=2_000, help="User-Agents")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: %(default)s")
    options = parser.parse_args()
    if min(options.pixels, options.readers, options.connections) < 1 or options.rate < 0:
        parser.error("--pixels, --readers and --connections from 1, --rate from 0")
    if options.minutes < 0.5 or min(options.step, options.seconds) < 3:
        parser.error("--minutes from 0.5, --step and --seconds from 3")
    if missing := [program for program in PROGRAMS if not find(program)]:
        parser.error(
            f"missing here: {', '.join(missing)}. On Debian and Ubuntu: apt install "
            "mariadb-server nginx redis-server wrk"
        )
    if os.cpu_count() < CORES:
        parser.error(f"it needs {CORES} cores")
    return options


if __name__ == "__main__":
    sys.exit(main())
