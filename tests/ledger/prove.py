"""`make prove`: ten seeds in a row on each database; the table goes to benchmarks/LEDGER.md."""

import argparse
import os
import platform
import subprocess
import sys
from datetime import date
from pathlib import Path

RESULTS = Path(__file__).parents[2] / "benchmarks" / "LEDGER.md"
HEAD = """\
# The ledger, seed by seed

Made by `make prove` on {day}: {seconds} s of load with faults each, {machine}, {cores} cores, load
generator and all tiers on the same machine. What the figures mean: docs/reliability.md.

| database | seed | outcome |
|---|---|---|
"""


def run(database: str, seed: int, seconds: float) -> tuple[int, str]:
    """(exit status, last line) of one ledger; its output is shown as it comes."""
    command = [sys.executable, "-m", "tests.ledger", "--database", database]
    command += ["--seed", str(seed), "--seconds", str(seconds)]
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as ledger:
        for line in ledger.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    return ledger.returncode, last


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.ledger.prove", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    rows, worst = [], 0
    for database in ("mysql", "sqlite"):
        for seed in range(1, options.seeds + 1):
            status, last = run(database, seed, options.seconds)
            worst = max(worst, status)
            rows.append(f"| {database} | {seed} | {'' if status == 0 else '**failed:** '}{last} |")
            write(rows, options)
    return worst


def write(rows, options):
    head = HEAD.format(
        day=date.today(),
        seconds=f"{options.seconds:g}",
        machine=platform.platform(terse=True),
        cores=os.cpu_count(),
    )
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(head + "\n".join(rows) + "\n")


if __name__ == "__main__":
    sys.exit(main())
