"""What it costs to know the network of an address: a list as long as Apple's, generated.

    python -m benchmarks.ranges [--networks 300000]

Each way is measured in a process of its own. The results go to benchmarks/RANGES.md. Exits with 1
where something does not hold.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tqdm import tqdm

from benchmarks.ranges_list import generated
from benchmarks.ranges_sides import SIDES
from pixeltrack.tests.surroundings import bare_environment

RESULTS = Path(__file__).parent / "RANGES.md"
NAMES = {
    "arrays": "PixelTrack: sorted arrays, bisection",
    "radix_tree": "py-radix: a radix tree in C",
    "dictionaries": "plain Python: a dictionary for each length",
}
HITS = (
    ("shipped", "label and truncated network of a new address, with the files that ship"),
    ("first", "the same, with the list"),
    ("again", "of one that is remembered (the last 16,384 are)"),
    ("bare", "the same, if the data could not be replaced"),
    ("look", "whether there are new files: not per hit, but every few seconds in a thread"),
    ("judge", "a verdict, in the consumer, where one like it was given before"),
)


def main() -> int:
    options = parsed()
    options.load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="pixeltrack-") as folder:
        path = Path(folder) / "egress-ip-ranges.csv"
        path.write_text("\n".join(generated(options.networks)) + "\n")
        environment = bare_environment(Path(folder), DJANGO_SETTINGS_MODULE="pixeltrack.settings")
        found = {}
        for name in tqdm([*SIDES, "web"]):
            module = "ranges_web" if name == "web" else "ranges_sides"
            arguments = [path] if name == "web" else [name, path]
            command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
            ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
            found[name] = json.loads(ran.stdout)
    web = found.pop("web")
    held = promises(found, web)
    options.results.write_text(report(options, found, web, held))
    for text, holds in held.items():
        if not holds:
            print(f"DOES NOT HOLD: {text}", file=sys.stderr)
    return not all(held.values())


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=300_000)
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args()


def promises(found: dict, web: dict) -> dict[str, bool]:
    """What was to hold → whether it does."""
    ours = found["arrays"]
    least = min(found[name]["memory"] for name in found if name != "arrays")
    slowest = max(ours[kind] for kind in ("IPv4", "IPv6", "anywhere"))
    added = web["again"] - web["bare"]
    return {
        "all ways give the same answers": len({each["answers"] for each in found.values()}) == 1,
        f"a lookup takes {slowest:.2f} µs (at most 3)": slowest <= 3,
        f"a process grows by {ours['memory']:.1f} MiB, and with the leanest peer by {least:.1f}": (
            ours["memory"] < least
        ),
        f"that the data can be replaced costs a hit {added:.2f} µs (at most 1)": added <= 1,
    }


def report(options, found: dict, web: dict, held: dict[str, bool]) -> str:
    outcomes = "\n".join(
        f"- {'reached' if holds else '**not reached**'}: {text}" for text, holds in held.items()
    )
    rows = "\n".join(
        f"| {NAMES[name]} | {each['load']:.2f} | {each['memory']:.1f} | {each['IPv4']:.2f} "
        f"| {each['IPv6']:.2f} | {each['anywhere']:.2f} |"
        for name, each in found.items()
    )
    hits = "\n".join(
        ["| | µs |", "|---|---|", *(f"| {what} | {web[key]:.2f} |" for key, what in HITS)]
    )
    waits = "\n".join(
        f"| {name} | {each['p50']:.2f} | {each['p99']:.2f} | {each['max']:.2f} |"
        for name, each in (("sleeps", web["idle"]), ("loads the list", web["loading"]))
    )
    return f"""# Networks by the hundred thousand

Made by `python -m benchmarks.ranges --networks {options.networks}` on {datetime.now(UTC):%Y-%m-%d}:
{platform.platform()}, {os.cpu_count()} cores,
Python {platform.python_version()}, py-radix {version("py-radix")}.

A list of {options.networks:,} networks in the format of Apple's egress list, generated: one of five
is IPv4, most others are /64, some lie in others, and no two touch, so that nothing can be joined
(neighbours in Apple's list can, and take less). Each way is measured in a process of its own.

{outcomes}

Seconds and microseconds are of CPU time.

| | load, s | memory, MiB | IPv4, µs | IPv6, µs | anywhere, µs |
|---|---|---|---|---|---|
{rows}

A lookup takes an address that is parsed already; *anywhere* are addresses of which few are listed.
To load is to read the CSV, check each line and build what is searched; memory is what a process
keeps of it. Web processes share what was loaded before they were forked; one that takes up a new
list has it for itself.

## In a web process

{hits}

How late a timer of one millisecond fires in the event loop while a thread beside it does this (the
load average of the machine before all this began was {options.load:.1f}; an idle one has 0, and on
another one timers are late whatever the thread does):

| | p50, ms | p99, ms | max, ms |
|---|---|---|---|
{waits}

Loading takes turns with the event loop (Python's switch interval is 5 ms) and sorts in portions, so
that no step of it stops the loop for longer.
"""


if __name__ == "__main__":
    sys.exit(main())
