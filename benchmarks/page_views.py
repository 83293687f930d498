"""Page views of PixelTrack beside a peer of the reference's design: how long a write and a read
take through NGINX, and how many there can be. `make bench` runs it.

    python -m benchmarks.page_views [--rounds 5] [--count 300] [--clients 64] [--seconds 2]

The results go to benchmarks/PAGE_VIEWS.md. Exits with 1 if something does not hold.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tqdm import tqdm

from benchmarks.page_views_proof import Runner
from benchmarks.page_views_report import report, verdicts
from benchmarks.page_views_sides import Ours, Peer
from tests.services import MariaDB, find

RESULTS = Path(__file__).parent / "PAGE_VIEWS.md"
PROGRAMS = ("mariadbd", "nginx", "redis-server", "wrk")
BUFFER_POOL = "--innodb-buffer-pool-size=512M"  # both databases fit, as on a server of its own


def main() -> int:
    options = parsed()
    options.load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="pixeltrack-") as folder:
        ours, peer = measure(Path(folder), options)
    options.results.write_text(report(ours, peer, options))
    failed = [verdict for verdict in verdicts(ours, peer) if not verdict.holds]
    for verdict in failed:
        print(f"DOES NOT HOLD: {verdict.text}", file=sys.stderr)
    return bool(failed)


def measure(folder: Path, options):
    mariadb = MariaDB(folder, BUFFER_POOL)
    try:
        mariadb.start()
        with Ours(mariadb, folder) as ours, Peer(mariadb, folder) as peer:
            runners = [Runner(side, ours.stack, options) for side in (ours, peer)]
            take_turns(runners, options.rounds)
    finally:
        mariadb.stop()
    return [runner.found for runner in runners]


def take_turns(runners: list[Runner], rounds: int):
    """Each does all of a round while the other rests, and is the first in every other round."""
    bar = tqdm(total=(1 + 4 * rounds + 2 + 1) * len(runners))

    def step(runner: Runner, action, *arguments):
        bar.set_description(f"{runner.side.name}: {action.__name__} {' '.join(arguments)}")
        action(*arguments)
        bar.update()

    with bar:
        for runner in runners:
            step(runner, runner.warm_up)
        for number in range(rounds):
            for runner in runners if number % 2 else reversed(runners):
                for kind in ("write", "read"):
                    step(runner, runner.run_one_by_one, kind)
                for kind in ("write", "read"):
                    step(runner, runner.run_many_at_once, kind)
        for runner in runners:
            for kind in ("write", "read"):
                step(runner, runner.profile, kind)
            step(runner, runner.count_rows)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page_views", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=300, help="of requests, one after the other")
    parser.add_argument("--clients", type=int, default=64, help="of wrk, at once")
    parser.add_argument("--seconds", type=int, default=2, help="that wrk sends")
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: %(default)s")
    options = parser.parse_args()
    if min(options.rounds, options.count, options.clients, options.seconds) < 1:
        parser.error("--rounds, --count, --clients and --seconds from 1")
    if missing := [program for program in PROGRAMS if not find(program)]:
        parser.error(
            f"missing here: {', '.join(missing)}. On Debian and Ubuntu: apt install "
            "mariadb-server nginx redis-server wrk"
        )
    return options


if __name__ == "__main__":
    sys.exit(main())
