"""Openings from the request to the row, web server, consumer, MariaDB, Redis and load generator
all on the same two cores, beside the reference's design on the same. `make bench` runs it.

    python -m benchmarks.end_to_end [--seconds 60] [--pixels 2400000]

The results go to benchmarks/END_TO_END.md. Exits with 1 if something does not hold.
"""

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.end_to_end_peer import Peer
from benchmarks.end_to_end_report import report, verdicts
from benchmarks.end_to_end_run import Outcome, Sender, compare
from benchmarks.end_to_end_sides import CORES, Ours
from benchmarks.machine import Stolen
from benchmarks.pixel import BUFFER_POOL, PROGRAMS
from tests.services import MariaDB, find

RESULTS = Path(__file__).parent / "END_TO_END.md"
PEERS_PIXELS = 100_000  # more than it answers


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


def measure(folder: Path, options, ending: ExitStack) -> list[Outcome]:
    """While one is asked, the other has nothing to do, so that each has both cores."""
    mariadb, tokens = MariaDB(folder, BUFFER_POOL), folder / "tokens"
    ending.callback(mariadb.stop)
    mariadb.start()
    ours = ending.enter_context(Ours(folder, mariadb))
    uuids = ours.make_pixels(options.pixels, tokens)
    peers = uuids[:PEERS_PIXELS]
    peer = ending.enter_context(Peer(folder, mariadb, ours.stack.key, peers))
    asking = [(ours, len(uuids)), (peer, len(peers))]
    return compare(*(Sender(side, tokens, count, options) for side, count in asking), options)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.end_to_end", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="that a rate is kept up")
    parser.add_argument("--step", type=int, default=5, help="seconds of a try before that")
    parser.add_argument("--pixels", type=int, default=2_400_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: %(default)s")
    options = parser.parse_args()
    if min(options.seconds, options.step) < 3 or min(options.pixels, options.connections) < 1:
        parser.error("--seconds and --step from 3, --pixels and --connections from 1")
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
