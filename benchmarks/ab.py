"""How often the comparison of groups is wrong, and how often it finds the truth, when somebody
looks all the time: made-up A/B tests, and a z-test at the same looks. `make prove` runs it.

    python -m benchmarks.ab [--runs 2000] [--seed 1]

The results go to benchmarks/AB.md. Exits with 1 if something does not hold.
"""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from benchmarks.ab_report import report
from benchmarks.ab_trials import ALIKE, DIFFERENT, Found

RESULTS = Path(__file__).parent / "AB.md"


def main() -> int:
    options = parsed()
    found = []
    for trial in tqdm([*ALIKE, *DIFFERENT], unit="kind"):
        found.append(Found.of(trial, options.runs, options.seed))
        options.results.write_text(report(found, options))
    failed = [one for one in found if not one.holds]
    for one in failed:
        print(f"DOES NOT HOLD: {one.trial.name}", file=sys.stderr)
    return bool(failed)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ab", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000, help="of each kind of test")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: %(default)s")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs from 1")
    return options


if __name__ == "__main__":
    sys.exit(main())
