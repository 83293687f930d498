"""What the proof of contact imports has found, in words and figures."""

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from statistics import median

from benchmarks.import_proof import Found, Size
from benchmarks.merge_file import SAMPLE
from tests.memory import MEGABYTE

MOST_RATIO = 2
MOST_MEMORY = 200 * MEGABYTE
FLAT = 20 * MEGABYTE  # more than that between the sizes is growth
MOST_MERGE = 50 * MEGABYTE  # that the web process may take on for a merge file
NAMES = {"mysql": "MariaDB", "sqlite": "SQLite"}
HEAD = """\
# Contact imports at size

Made by `{command}` on {day}: {machine}, {cores} cores, all tiers on the same machine. Python
{python}, {versions}.

A list has five columns and one bad row in each {bad_every:,}; contacts get two pixels, and are
scheduled in quarters of an hour, for a week. *Import*: sent by `POST /api/imports/`, taken in by a
Celery worker as docker-compose.yml runs it; from the task to the last row, the look through the
whole file included. *By hand*: the same list into the same
tables of another database on the same server by `benchmarks/peers/insert_contacts.py`, in
transactions as long as the import's; its own start is not counted. They take turns; where there are
several runs, the median counts.
"""


@dataclass(frozen=True)
class Verdict:
    holds: bool
    text: str


def verdicts(found: list[Found], options) -> list[Verdict]:
    return [verdict for one in found for verdict in verdicts_on(one)]


def verdicts_on(found: Found) -> Iterator[Verdict]:
    name = NAMES[found.database]
    for problem in found.problems:
        yield Verdict(False, f"{name}: {problem}")
    measured = [size for size in found.sizes if size.imports and size.peers]
    for size in measured:
        yield Verdict(
            size.ratio <= MOST_RATIO,
            f"{name}, {size.rows:,} rows: {size.ratio:.2f} times as long as by hand "
            f"(at most {MOST_RATIO})",
        )
        most = max(size.memory)
        yield Verdict(
            most < MOST_MEMORY,
            f"{name}, {size.rows:,} rows: the worker held at most {in_megabytes(most)}",
        )
    if len(measured) > 1:
        smaller, whole = (median(size.memory) for size in measured)
        yield Verdict(
            whole - smaller < FLAT,
            f"{name}: ten times the rows took {(whole - smaller) / MEGABYTE:+.1f} MB",
        )
    if run := found.merge_file:
        yield Verdict(
            run.most - run.before < MOST_MERGE,
            f"{name}: for the merge file the web process took {in_megabytes(run.most - run.before)}"
            " more",
        )


def in_megabytes(size: float) -> str:
    return f"{size / MEGABYTE:.1f} MB"


def report(found: list[Found], options) -> str:
    parts = [head(options), *map(part_on, found)]
    return "\n".join(parts)


def head(options) -> str:
    command = f"python -m benchmarks.import --rows {options.rows} --runs {options.runs}"
    return HEAD.format(
        command=f"{command} --seed {options.seed}",
        bad_every=options.bad_every,
        day=date.today(),
        machine=platform.platform(terse=True),
        cores=os.cpu_count(),
        python=".".join(map(str, sys.version_info[:3])),
        versions=", ".join(filter(None, map(named_version, ("Django", "mysqlclient", "celery")))),
    )


def named_version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return ""


def part_on(found: Found) -> str:
    lines = [f"## {NAMES[found.database]} {found.version}", "", *table_of(found.sizes), ""]
    lines += [f"- {what}: {left(state)}" for what, state in found.states]
    if run := found.merge_file:
        lines.append(
            f"- The merge file: {run.rows:,} contacts, {run.bytes / MEGABYTE:,.0f} MB in "
            f"{run.seconds:.0f} s; the web process held {in_megabytes(run.before)} before and at "
            f"most {in_megabytes(run.most)} meanwhile. Of {SAMPLE:,} pixels drawn from it, "
            f"{run.live:,} were live, each its contact's."
        )
    if found.kills:
        order = ", ".join(f"{name} at row {row:,}" for name, row in found.kills)
        lines.append(
            f"- Killed by signal 9, and started again at once: {order}. It took "
            f"{found.kills_seconds:.0f} s in all; at the longest {found.longest_rest:.0f} s passed "
            "without another row."
        )
    lines += ["", "| | |", "|---|---|"]
    lines += [
        f"| {'holds' if verdict.holds else '**does not hold**'} | {verdict.text} |"
        for verdict in verdicts_on(found)
    ]
    return "\n".join([*lines, ""])


def table_of(sizes: list[Size]) -> Iterator[str]:
    yield "| rows | import | rows/s | by hand | rows/s | ratio | worker's memory, at most |"
    yield "|---|---|---|---|---|---|---|"
    for size in sizes:
        if size.imports and size.peers:
            ours, peers = median(size.imports), median(size.peers)
            memory = in_megabytes(max(size.memory))
            yield (
                f"| {size.rows:,} | {seconds(size.imports)} | {size.rows / ours:,.0f} | "
                f"{seconds(size.peers)} | {size.rows / peers:,.0f} | {size.ratio:.2f} | {memory} |"
            )


def seconds(runs: list[float]) -> str:
    single = ", ".join(f"{run:.1f}" for run in runs)
    return f"{median(runs):.1f} s" + (f" ({single})" if len(runs) > 1 else "")


def left(state: dict) -> str:
    lines = ", ".join(map(str, state["reported"]))
    return (
        f"{state['state']}; {state['contacts']:,} contacts, {sum(state['pixels']):,} pixels, "
        f"{len(state['wrong'])} rows wrong, {state['rejected']} rejected, in lines {lines}."
    )
