"""How soon an opening is in the statistics, after its GIF: new pixels at a steady rate, and
somebody who looks at the figures all the time. `make prove` runs it.

    python -m benchmarks.freshness [--rate 1000] [--seconds 60] [--databases mysql sqlite]

The results go to benchmarks/FRESHNESS.md. Exits with 1 if something does not hold.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.freshness_report import report, verdicts
from benchmarks.freshness_run import Found, Run
from tests.services import find

RESULTS = Path(__file__).parent / "FRESHNESS.md"
PROGRAMS = {"mysql": "mariadbd"}  # that a database needs


def main() -> int:
    options = parsed()
    options.load = os.getloadavg()[0]
    found: list[Found] = []
    for database in options.databases:
        with tempfile.TemporaryDirectory(prefix="pixeltrack-") as folder:
            found.append(Run(Path(folder), database, options).execute())
        options.results.write_text(report(found, options))
    failed = [verdict for verdict in verdicts(found) if not verdict.holds]
    for verdict in failed:
        print(f"DOES NOT HOLD: {verdict.text}", file=sys.stderr)
    return bool(failed)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.freshness", description=__doc__)
    parser.add_argument("--rate", type=int, default=1_000, help="hits a second")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--warm-up", type=int, default=5, help="seconds of hits before them")
    parser.add_argument("--every", type=float, default=0.1, help="seconds from look to look")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--databases", nargs="+", choices=("mysql", "sqlite"))
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: %(default)s")
    parser.set_defaults(databases=["mysql", "sqlite"])
    options = parser.parse_args()
    if min(options.rate, options.seconds, options.warm_up, options.connections) < 1:
        parser.error("--rate, --seconds, --warm-up and --connections from 1")
    missing = [PROGRAMS[each] for each in options.databases if each in PROGRAMS]
    if missing := [program for program in missing if not find(program)]:
        parser.error(f"missing here: {', '.join(missing)}. On Debian: apt install mariadb-server")
    return options


if __name__ == "__main__":
    sys.exit(main())
