"""Pixels of PixelTrack beside others who answer them, with one core for each: NGINX, which keeps
nothing, a server in Go, the reference's design, and Django views with a row per opening; then
PixelTrack by itself, with few connections and with many. `make bench` runs it.

    python -m benchmarks.pixel [--rounds 5] [--seconds 1] [--pixels 320000]

The results go to benchmarks/PIXEL.md and PIXEL.svg. Exits with 1 if something does not hold.
"""

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tqdm import tqdm

from benchmarks.machine import Stolen
from benchmarks.pixel_chart import chart
from benchmarks.pixel_peers import DjangoORM, Go, Pytracking, Reference
from benchmarks.pixel_profile import profile_of
from benchmarks.pixel_report import report, verdicts
from benchmarks.pixel_run import NEW_ONES, Crowd, Refreshes, Runner, check_openings
from benchmarks.pixel_sides import NGINX, OTHER_CORE, NGINXWithLog, PixelTrack, Tokens, pin
from benchmarks.py_spy import Profile
from tests.services import MariaDB, find

RESULTS = Path(__file__).parent / "PIXEL.md"
PROGRAMS = ("mariadbd", "nginx", "redis-server", "taskset", "wrk")
BUFFER_POOL = "--innodb-buffer-pool-size=512M"
CROWDS = (4, 8, 64, 512)  # connections at once
CROWD_WINDOW = 0.5  # of --seconds: more would be many openings to record, and nothing else to see


def main() -> int:
    options = parsed()
    options.load, options.stolen = os.getloadavg()[0], Stolen()
    with tempfile.TemporaryDirectory(prefix="pixeltrack-") as folder, ExitStack() as ending:
        runners, crowds, profile = measure(Path(folder), options, ending)
    picture = options.results.with_suffix(".svg")
    picture.write_text(chart(runners))
    options.results.write_text(report(runners, crowds, profile, picture.name, options))
    failed = [verdict for verdict in verdicts(runners, crowds) if not verdict.holds]
    for verdict in failed:
        print(f"DOES NOT HOLD: {verdict.text}", file=sys.stderr)
    return bool(failed)


def measure(folder: Path, options, ending: ExitStack) -> tuple[list[Runner], list[Crowd], Profile]:
    mariadb = MariaDB(folder, BUFFER_POOL)
    ending.callback(mariadb.stop)
    mariadb.start()
    pin(mariadb, OTHER_CORE)
    ours = PixelTrack(folder, mariadb)
    go = Go(folder, ours.stack.key)
    ending.callback(go.compiler.stop)
    go.compiler.start()
    ending.enter_context(ours)
    uuids = ours.make_pixels(options.pixels, folder / "tokens")
    tokens = Tokens(folder / "tokens", len(uuids))
    stores = (folder, mariadb, ours.stack.key, uuids)
    others = [NGINX(folder), NGINXWithLog(folder), Reference(*stores)]
    others += [DjangoORM(*stores), Pytracking(*stores), go]
    sides = [ours, *(ending.enter_context(side) for side in others)]
    usual = (tokens, options.connections, options.seconds)
    runners = [Runner(side, *usual) for side in sides]
    runners.insert(1, Refreshes(ours, *usual))
    for runner in runners:
        runner.start()
        runner.warm_up()
    take_turns(runners, options.rounds)
    crowds = [Crowd(ours, tokens, many, CROWD_WINDOW * options.seconds) for many in CROWDS]
    profiled = Crowd(ours, *usual)
    for crowd in [*crowds, profiled]:
        crowd.start()
    take_turns(crowds, options.rounds)
    profile = profile_of(profiled, folder)
    runners[0].found.problems += profiled.found.problems
    everyone = [*runners, *crowds, profiled]
    for side in sides:
        check_openings(side, [runner for runner in everyone if runner.side is side])
    return runners, crowds, profile


def take_turns(runners: list[Runner], rounds: int):
    """Forwards and backwards, so that none always comes after the same one."""
    with tqdm(total=rounds * len(runners)) as bar:
        for number in range(rounds):
            for runner in runners if number % 2 else reversed(runners):
                bar.set_description(runner.name)
                runner.run()
                bar.update()


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pixel", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=1, help="that wrk sends to a side")
    parser.add_argument("--pixels", type=int, default=320_000)
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
