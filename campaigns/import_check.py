"""The rows of one file of contacts, checked each by itself and beside those before it."""

from campaigns.import_chunk import overlapping
from campaigns.import_file import BadRecord, Record
from campaigns.import_row import CheckedRow, RowCheck
from campaigns.models import ContactImport, ReportedRow
from campaigns.seen_addresses import SeenAddresses, Sighting


class ImportCheck:
    """Checks the rows of an import, in their order; it has to be left as a context."""

    def __init__(self, job: ContactImport):
        self.job = job
        self.check = RowCheck(job)
        self.seen = SeenAddresses()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.seen.__exit__(*exception)

    @property
    def groups(self) -> dict:
        """Key of the name → the campaign's group, or one that the import would make."""
        return self.check.groups

    def __call__(self, records: list[Record | BadRecord]) -> list[CheckedRow | ReportedRow]:
        rows = [self.check(record) for record in records]
        checked = [row for row in rows if isinstance(row, CheckedRow)]
        sightings = self.seen.add(
            [(row.contact.key, row.group_key, row.record.line) for row in checked]
        )
        if not any(sightings):
            return rows
        before = iter(sightings)
        return [
            self._compared(row, next(before)) if isinstance(row, CheckedRow) else row
            for row in rows
        ]

    def _compared(self, row: CheckedRow, before: list[Sighting]) -> CheckedRow | ReportedRow:
        if not before:
            return row
        first = before[0]
        if first.group != row.group_key:
            return overlapping(self.job, row, f"Line {first.line} has this address, elsewhere.")
        return row.rejected(
            self.job, "duplicate", f"Line {first.line} has this address already. One is enough."
        )

    def forget_rejected(self, records: list[Record | BadRecord]):
        """An address whose row was not taken in may come again."""
        lines = records[0].line, records[-1].line
        rejected = self.job.reported_rows.filter(rejected=True, line__range=lines)
        self.seen.forget_lines(set(rejected.values_list("line", flat=True)))
