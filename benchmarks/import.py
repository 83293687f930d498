"""Contact imports at size: how fast beside a script written by hand, in how much memory, whatever
is killed; and the merge file of a million contacts. `make prove` runs it.

    python -m benchmarks.import [--rows 1000000] [--databases mysql sqlite] [--runs 3] [--seed 1]

The results go to benchmarks/IMPORT.md as they come. Exits with 1 if something does not hold.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.import_proof import Found, Proof
from benchmarks.import_report import report, verdicts
from tests.contact_list import ContactList

RESULTS = Path(__file__).parent / "IMPORT.md"
SMALLER = 10  # times smaller is the list that is measured several times
BAD = 10  # rows of the whole list


def main() -> int:
    options = parsed()
    found: list[Found] = []

    def write():
        options.results.write_text(report(found, options))

    for database in options.databases:
        with tempfile.TemporaryDirectory(prefix="pixeltrack-") as folder:
            proof = Proof(Path(folder), database, write)
            found.append(proof.found)
            with proof:
                prove(proof, options)
    failed = [verdict for verdict in verdicts(found, options) if not verdict.holds]
    for verdict in failed:
        print(f"DOES NOT HOLD: {verdict.text}", file=sys.stderr)
    return bool(failed)


def prove(proof: Proof, options):
    smaller, whole = (
        ContactList(rows, options.bad_every, options.seed)
        for rows in (options.rows // SMALLER, options.rows)
    )
    proof.measure(smaller, options.runs)
    proof.measure(whole, 1)
    proof.read_merge_file(options.seed)
    proof.kill(whole, options.seed)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.import", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--databases", nargs="+", choices=("mysql", "sqlite"))
    parser.add_argument("--runs", type=int, default=3, help="with a tenth of the rows")
    parser.add_argument("--seed", type=int, default=1, help="of the bad rows and of the kills")
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: %(default)s")
    parser.set_defaults(databases=["mysql", "sqlite"])
    options = parser.parse_args()
    if options.rows < 1_000 or options.runs < 1:
        parser.error("--rows from 1000, --runs from 1")
    options.bad_every = options.rows // BAD
    return options


if __name__ == "__main__":
    sys.exit(main())
