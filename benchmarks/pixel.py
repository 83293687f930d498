"""Pixels of PixelTrack beside others who answer them, with one core for each: NGINX, which keeps
nothing, the reference's design, and a Django view with a row per opening. `make bench` runs it.

    python -m benchmarks.pixel [--rounds 5] [--seconds 2] [--pixels 300000]

The results go to benchmarks/PIXEL.md. Exits with 1 if something does not hold.
"""

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tqdm import tqdm

from benchmarks.pixel_report import report, verdicts
from benchmarks.pixel_run import NEW_ONES, Runner, check_openings
from benchmarks.pixel_sides import (
    NGINX,
    OTHER_CORE,
    DjangoORM,
    NGINXWithLog,
    PixelTrack,
    Reference,
    pin,
)
from tests.services import MariaDB, find

RESULTS = Path(__file__).parent / "PIXEL.md"
PROGRAMS = ("mariadbd", "nginx", "redis-server", "taskset", "wrk")
BUFFER_POOL = "--innodb-buffer-pool-size=512M"


def main() -> int:
    options = parsed()
    options.load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="pixeltrack-") as folder, ExitStack() as ending:
        runners = measure(Path(folder), options, ending)
    options.results.write_text(report(runners, options))
    failed = [verdict for verdict in verdicts(runners) if not verdict.holds]
    for verdict in failed:
        print(f"DOES NOT HOLD: {verdict.text}", file=sys.stderr)
    return bool(failed)


def measure(folder: Path, options, ending: ExitStack) -> list[Runner]:
    mariadb, tokens = MariaDB(folder, BUFFER_POOL), folder / "tokens"
    ending.callback(mariadb.stop)
    mariadb.start()
    pin(mariadb, OTHER_CORE)
    ours = ending.enter_context(PixelTrack(folder, mariadb))
    uuids = ours.make_pixels(options.pixels, tokens)
    stores = (folder, mariadb, ours.stack.key, uuids)
    others = [NGINX(folder), NGINXWithLog(folder), Reference(*stores), DjangoORM(*stores)]
    sides = [ours, *(ending.enter_context(side) for side in others)]
    runners = [Runner(side, tokens, len(uuids), options) for side in sides]
    runners.insert(1, Runner(ours, tokens, len(uuids), options, refreshes=True))
    take_turns(runners, "/p/{}.gif".format(tokens.read_text().partition("\n")[0]), options.rounds)
    for side in sides:
        check_openings(side, [runner for runner in runners if runner.side is side])
    return runners


def take_turns(runners: list[Runner], path: str, rounds: int):
    """Forwards and backwards, so that none always comes after the same one."""
    for runner in runners:
        runner.start_with(path)
        runner.warm_up()
    with tqdm(total=rounds * len(runners)) as bar:
        for number in range(rounds):
            for runner in runners if number % 2 else reversed(runners):
                bar.set_description(runner.name)
                runner.run()
                bar.update()


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pixel", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="that wrk sends to a side")
    parser.add_argument("--pixels", type=int, default=300_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: %(default)s")
    options = parser.parse_args()
    if min(options.rounds, options.seconds, options.connections) < 1 or options.pixels <= NEW_ONES:
        parser.error(f"--rounds, --seconds and --connections from 1, --pixels over {NEW_ONES}")
    if missing := [program for program in PROGRAMS if not find(program)]:
        parser.error(
            f"missing here: {', '.join(missing)}. On Debian and Ubuntu: apt install "
            "mariadb-server nginx redis-server wrk"
        )
    return options


if __name__ == "__main__":
    sys.exit(main())
