"""The rows that an import rejected, as a file to correct and send again."""

from collections.abc import Iterator
from functools import cached_property
from itertools import chain

from campaigns.import_row import field_of
from campaigns.models import ContactImport, ReportedRow
from campaigns.own_columns import REASONS
from campaigns.serializers.file import RejectedOptionsSerializer
from campaigns.streaming import walk
from campaigns.table import Table

MOST_KEYS = 200  # of JSON rows, together
MOST_UNNAMED = 50  # columns for cells beyond those that have one


class RejectedRows(Table):
    """The rows that an import has rejected so far, as they stood there, to be corrected and sent
    again as a new import.

    The columns are those of the file, in its order; of JSON, all that occur, at most 200. Cells
    beyond the last column follow it without a name. Rows of erased persons are left out.
    """

    name = "rejected"
    options = RejectedOptionsSerializer

    def __init__(self, contact_import: ContactImport, *, reasons=False):
        self.reported = contact_import.reported_rows.filter(rejected=True, row__isnull=False)
        self.delimiter = contact_import.facts.get("delimiter") or " "
        named = enumerate(contact_import.facts.get("columns", ()), 1)
        # One without a name was numbered where it stood, and may come to stand elsewhere.
        self.given = tuple("" if name == f"column {at}" else name for at, name in named)
        self.reasons = REASONS if reasons else ()

    @cached_property
    def shape(self) -> tuple[tuple[str, ...], int]:
        """The named columns, and how many without a name there are: only all rows tell that."""
        keys, unnamed = {}, 0
        for reported in self.walk():
            row = reported.row
            if isinstance(row, list):
                unnamed = max(unnamed, len(row) - len(self.given))
            elif len(keys) < MOST_KEYS:
                keys |= dict.fromkeys(row)
        return self.given or tuple(keys)[:MOST_KEYS], min(unnamed, MOST_UNNAMED)

    @cached_property
    def shown(self) -> list[int]:
        """Which of the cells: not the reasons of last time beside those of this time."""
        names, unnamed = self.shape
        named = [at for at, name in enumerate(names) if name.lower() not in self.reasons]
        return [*named, *range(len(names), len(names) + unnamed)]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        names, unnamed = self.shape
        cells = (*names, *[""] * unnamed)
        return (*(cells[at] for at in self.shown), *self.reasons)

    @property
    def addresses(self) -> frozenset[str]:
        return frozenset(column for column in self.columns if field_of(column) == "email")

    def chunks(self) -> Iterator[list[tuple]]:
        for some in walk(self.reported, "line"):
            yield [self.row(reported) for reported in some]

    def walk(self) -> Iterator[ReportedRow]:
        return chain.from_iterable(walk(self.reported.only("line", "row"), "line"))

    def row(self, reported: ReportedRow) -> tuple:
        cells = self.cells(reported.row)
        reasons = (reported.line, reported.reason) if self.reasons else ()
        return (*(cells[at] for at in self.shown), *reasons)

    def cells(self, row: list | dict) -> list:
        """As many as there are columns, with and without a name."""
        names, unnamed = self.shape
        if isinstance(row, dict):
            return [*map(row.get, names), *[None] * unnamed]
        # Of JSON, a list is what was no row at all.
        cells = row if self.given else [*[None] * len(names), *row]
        width = len(names) + unnamed
        if len(cells) > width > 0:
            cells = [*cells[: width - 1], self.delimiter.join(cells[width - 1 :])]
        return [*cells, *[None] * (width - len(cells))]
