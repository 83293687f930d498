"""What the made-up A/B tests have found, in words and figures."""

import argparse
import platform
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version

from benchmarks.ab_trials import LEAST_RIGHT, MOST_WRONG, Found

HEAD = """\
# A/B tests that somebody looks at all the time

Made by `python -m benchmarks.ab --runs {runs} --seed {seed}` on {day}: {runs:,} made-up tests of
each kind, with Python {python} and numpy {numpy}. The judge is the code that the API answers with
(`tracking/comparison.py`), at every look at which something could be decided, and at one of forty
of the others. The first `better` or `worse` of a group counts, even if it is taken back at a later
look. *z-test*: a winner of the classical test at 5 % at one of the same looks, of each group by
itself, as a spreadsheet has it.

Unless something else is said there is a look after every 100 contacts of 10,000 in each group, and
a contact opens at once or never. Of mails that are *sent at once* there is a look every six minutes
for a day, and of those *in lots* one before each lot; the half of their openings comes within three
hours, later ones for days.

## Groups that are alike

*Winner*: some group was called better or worse. At most {most:.0%} may be.

| groups | looks | winner | z-test | |
|---|---|---|---|---|
"""
MIDDLE = """
## Groups that are not

*Right*: every group that differs from the first was called what it is, and no other anything.
*Wrong*: some group was called what it is not. *Contacts*: of a group, when the half of the right
ones had been told. At least {least:.0%} right was promised where it says that it holds.

| groups | looks | right | wrong | contacts | |
|---|---|---|---|---|---|
"""


def report(found: list[Found], options: argparse.Namespace) -> str:
    head = HEAD.format(
        runs=options.runs,
        seed=options.seed,
        day=date.today(),
        python=platform.python_version(),
        numpy=version("numpy"),
        most=MOST_WRONG,
    )
    different = list(rows_of_different(found))
    middle = MIDDLE.format(least=LEAST_RIGHT) if different else ""
    return head + "".join(rows_of_alike(found)) + middle + "".join(different)


def rows_of_alike(found: list[Found]) -> Iterator[str]:
    for one in found:
        if not any(one.trial.truth):
            share, z_test = one.wrong / one.runs, one.z_test / one.runs
            yield f"| {one.trial.name} | {one.looks} | {share:.1%} | {z_test:.1%} | {held(one)} |\n"


def rows_of_different(found: list[Found]) -> Iterator[str]:
    for one in found:
        if any(one.trial.truth):
            right, wrong = one.right / one.runs, one.wrong / one.runs
            size = f"{one.size:,}" if one.size else ""
            judged = held(one) if one.trial.promised or not one.holds else ""
            yield (
                f"| {one.trial.name} | {one.looks} | {right:.1%} | {wrong:.1%} | {size} | "
                f"{judged} |\n"
            )


def held(one: Found) -> str:
    return "holds" if one.holds else "**does not hold**"
