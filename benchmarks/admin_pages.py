"""How long every page of the admin takes with ten million openings behind it, for a superuser and
for an editor of one team. `make prove` runs it.

    python -m benchmarks.admin_pages [--openings 10000000] [--requests 5] [--keep FOLDER]

The results go to benchmarks/ADMIN_PAGES.md. Exits with 1 if a page is not there, is slower than
300 ms in the median, or tells something else than SQL does.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.admin_pages_data import Data
from benchmarks.admin_pages_report import problems, report
from benchmarks.admin_pages_walk import Walk
from tests.services import find

RESULTS = Path(__file__).parent / "ADMIN_PAGES.md"


def main() -> int:
    options = parsed()
    options.load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="pixeltrack-") as folder:
        data = options.keep or Path(folder)
        data.mkdir(exist_ok=True)
        with Data(data, Path(folder)) as made:
            made.fill(options.openings)
            options.load_then = os.getloadavg()[0]
            walk = Walk(made, options.requests)
            walk.measure(options.only)
            walk.judge()
    options.results.write_text(report(walk, options))
    found = problems(walk)
    for problem in found:
        print(f"DOES NOT HOLD: {problem}", file=sys.stderr)
    return bool(found)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.admin_pages", description=__doc__)
    parser.add_argument("--openings", type=int, default=10_000_000)
    parser.add_argument("--requests", type=int, default=5, help="of each page, after one")
    parser.add_argument("--keep", type=Path, help="where the data stays, to be measured again")
    parser.add_argument("--only", default="", help="pages whose name or address has this text")
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: %(default)s")
    options = parser.parse_args()
    if options.openings < 100_000 or options.requests < 1:
        parser.error("--openings from 100000, --requests from 1")
    if not find("mariadbd"):
        parser.error("missing here: mariadbd. On Debian and Ubuntu: apt install mariadb-server")
    return options


if __name__ == "__main__":
    sys.exit(main())
