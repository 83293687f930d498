"""`make prove`: ten seeds in a row on each database; the table goes to benchmarks/LEDGER.md."""

import argparse
import os
import platform
import re
import subprocess
import sys
from collections import defaultdict
from datetime import date
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).parents[2] / "benchmarks" / "LEDGER.md"
HEAD = """\
# The ledger, seed by seed

Made by `make prove` on {day}: {seconds} s of load with faults each, {machine}, {cores} cores, load
generator and all tiers on the same machine. What the figures mean: docs/reliability.md.

| database | seed | outcome |
|---|---|---|
"""
KINDS = """
What was answered while a fault of each kind lasted, others perhaps beside it, and up to its end:
medians over the seeds.

| while | database | answers | p99 in ms | max in ms | worst max |
|---|---|---|---|---|---|
"""
KIND = re.compile(r" *[0-9]+ x (.+?) +([0-9]+) answers, p99 ([0-9.]+) ms, max ([0-9.]+) ms\s*")


class Record:
    """What the ledgers said, as far as they have been run."""

    def __init__(self, head: str):
        self.head = head
        self.rows = []
        # (kind, database) → of each seed: answers, p99, max
        self.kinds = defaultdict(list)

    def take(self, database: str, seed: int, status: int, lines: list[str]):
        outcome = lines[-1] if lines else "nothing was printed"
        failed = "" if status == 0 else "**failed:** "
        self.rows.append(f"| {database} | {seed} | {failed}{outcome} |")
        for kind, *figures in filter(None, map(kind_of, lines)):
            self.kinds[kind, database].append(tuple(map(float, figures)))

    def text(self) -> str:
        return self.head + "\n".join(self.rows) + "\n" + KINDS + "\n".join(self.kind_rows()) + "\n"

    def kind_rows(self):
        for (kind, database), seeds in sorted(self.kinds.items()):
            answers, p99, most = map(median, zip(*seeds, strict=True))
            worst = max(most for _, _, most in seeds)
            yield f"| {kind} | {database} | {answers:.0f} | {p99:.1f} | {most:.1f} | {worst:.1f} |"


def kind_of(line: str) -> tuple[str, ...] | None:
    found = KIND.fullmatch(line)
    return found and found.groups()


def run(database: str, seed: int, seconds: float) -> tuple[int, list[str]]:
    """(exit status, what it printed) of one ledger; its output is shown as it comes."""
    command = [sys.executable, "-m", "tests.ledger", "--database", database]
    command += ["--seed", str(seed), "--seconds", str(seconds)]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as ledger:
        for line in ledger.stdout:
            print(line, end="", flush=True)
            if line.strip():
                lines.append(line.rstrip())
    return ledger.returncode, lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.ledger.prove", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    record, worst = Record(head(options.seconds)), 0
    for database in ("mysql", "sqlite"):
        for seed in range(1, options.seeds + 1):
            status, lines = run(database, seed, options.seconds)
            worst = max(worst, status)
            record.take(database, seed, status, lines)
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text(record.text())
    return worst


def head(seconds: float) -> str:
    return HEAD.format(
        day=date.today(),
        seconds=f"{seconds:g}",
        machine=platform.platform(terse=True),
        cores=os.cpu_count(),
    )


if __name__ == "__main__":
    sys.exit(main())
