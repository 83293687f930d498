"""The rows that an import rejected, to be corrected and sent again."""

from collections.abc import Iterator
from functools import cached_property
from itertools import zip_longest

from campaigns.models import ContactImport, ReportedRow
from campaigns.table import Table

ROWS_AT_ONCE = 500
REASONS = ("rejected_line", "rejected_because")


class RejectedRows(Table):
    """The rejected rows of an import, in the columns of its file, as they stood there.

    With `reasons`, two columns more: the line and why it was rejected. The next import passes over
    both. Rows of persons who were erased are left out.
    """

    name = "rejected"

    def __init__(self, contact_import: ContactImport, reasons=False):
        self.contact_import, self.reasons = contact_import, reasons

    @cached_property
    def own(self) -> tuple[str, ...]:
        if columns := self.contact_import.facts.get("columns"):
            return tuple(columns)
        return tuple(dict.fromkeys(name for row in self.rows() for name in row.row))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return (*self.own, *(REASONS if self.reasons else ()))

    def rows(self) -> Iterator[ReportedRow]:
        rejected = self.contact_import.reported_rows.filter(rejected=True, row__isnull=False)
        rejected = rejected.order_by("line", "pk")
        line, seen = 0, []
        while some := list(rejected.filter(line__gte=line).exclude(pk__in=seen)[:ROWS_AT_ONCE]):
            yield from some
            line = some[-1].line
            seen = [row.pk for row in some if row.line == line]

    def chunks(self):
        for row in self.rows():
            if isinstance(row.row, dict):
                cells = [row.row.get(name) for name in self.own]
            else:
                cells = [cell for cell, _ in zip_longest(row.row[: len(self.own)], self.own)]
            yield [(*cells, *((row.line, row.detail) if self.reasons else ()))]
