"""Everything that is measured beside others, in one go, and what came of it on one page. `make
bench` runs it.

    python -m benchmarks.results [pixel] [end_to_end] [page_views] [ranges]

Without parts, it is all but the ranges. Each part writes a page of its own (PIXEL.md …), and what
is new of them goes to benchmarks/RESULTS.md. Of a part that is not run, its last page is told.
Exits with 1 if something does not hold.
"""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.machine import made_on, processor

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "RESULTS.md"
# Part → the sections of its page that are told here, by how they begin.
PARTS = {
    "pixel": ("Each side", "Few connections", "What a pixel costs"),
    "end_to_end": ("Each side",),
    "page_views": ("At once",),
    "ranges": (),
}
USUAL = ("pixel", "end_to_end", "page_views")  # what stands beside no server takes its time apart
SECTION = re.compile(r"^(?=##? )", re.MULTILINE)
VERDICT = re.compile(r"^- (?:reached|\*\*not reached\*\*): .*(?:\n  .*)*", re.MULTILINE)
MADE = re.compile(r"^Made by .*?on (\d{4}-\d\d-\d\d)", re.MULTILINE | re.DOTALL)
LOAD = re.compile(r"[Ll]oad\s+average\s+of\s+the\s+machine\s+before\s+it\s+began:\s+([\d.]+\d)")
HEAD = """\
# Results

{parts} made by `make bench{part}` on {day} in {minutes:.1f} minutes:
{machine}, {processor}, {cores} cores. Python {python}, Django {django}, gunicorn {gunicorn}. How
each part measures, and the versions of those beside it, is on its own page.

![Requests a second of each server that answers pixels](PIXEL.svg)
"""


def main() -> int:
    options = parsed()
    began = time.monotonic()
    failed = [part for part in options.parts if run(part)]
    minutes = (time.monotonic() - began) / 60
    RESULTS.write_text(page(options.parts, minutes))
    print(
        f"{RESULTS.relative_to(FOLDER.parent)}: {', '.join(options.parts)}, {minutes:.1f} minutes"
    )
    return bool(failed)


def run(part: str) -> int:
    process = subprocess.Popen([sys.executable, "-m", f"benchmarks.{part}"])
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()  # it ends what it has started
        raise


def page(parts: list[str], minutes: float) -> str:
    named = f"{', '.join(parts)}:"
    part = "" if parts == [*USUAL] else f" BENCH={parts[0]}"
    head = HEAD.format(parts=named, part=part, minutes=minutes, processor=processor(), **made_on())
    return "\n".join([head, *(told(part) for part in PARTS if page_of(part).exists())])


def page_of(part: str) -> Path:
    return FOLDER / f"{part.upper()}.md"


def told(part: str) -> str:
    """Its title, what was to hold, and its tables."""
    text = page_of(part).read_text()
    title, *sections = SECTION.split(text)[1:]
    name = title.splitlines()[0].removeprefix("# ")
    made, load = MADE.search(text), LOAD.search(text)
    when = f"Made on {made[1]}" if made else ""
    when += f"; load average before it: {load[1]}" if load else ""
    tables = [
        f"### {section.splitlines()[0].removeprefix('## ')}\n\n{table(section)}"
        for section in sections
        if section.removeprefix("## ").startswith(PARTS[part])
    ]
    verdicts = "\n".join(VERDICT.findall(text))
    return "\n".join(
        [f"## [{name}]({page_of(part).name})\n", f"{when}.\n", f"{verdicts}\n", *tables]
    )


def table(section: str) -> str:
    return "".join(f"{line}\n" for line in section.splitlines() if line.startswith("|"))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.results", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    options.parts = options.parts or [*USUAL]
    return options


if __name__ == "__main__":
    sys.exit(main())
