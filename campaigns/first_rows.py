"""How a file of contacts begins, and what its import would make of that: told before it is sent.

By the readers and the checks of the import itself. Nothing is stored, nothing taken in.
"""

import io
from collections import Counter
from dataclasses import dataclass

from campaigns.import_check import ImportCheck
from campaigns.import_chunk import ImportChunk, Overlaps
from campaigns.import_file import BadRecord, Facts, Reader, Record, Unreadable, glance
from campaigns.import_file.examination import HEAD
from campaigns.import_row import CheckedRow, field_of, shortened
from campaigns.models import ContactImport, ReportedRow
from campaigns.models.contact_import import READ_AS_LATIN_1
from campaigns.models.schedule import Taken
from campaigns.own_columns import is_ours

MOST_ROWS = 10
MOST_COLUMNS = 20
MOST_KEYS = 200  # of JSON
# What `glance` looks at, so that it says the same as when all was sent.
HEAD_BYTES = HEAD
# A zip can't be read without its end. With the rest of a form this stays in the memory of the web
# process; what is longer, Django writes to the disk.
ZIP_BYTES = 2 * 1024 * 1024

FORMS = {"csv": "CSV", "json": "A JSON array", "jsonl": "JSON Lines"}
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", ":": "colons"}
ENCODINGS = {"latin-1": "Latin-1 (Windows-1252)"}
PACKINGS = {"gzip": "gzipped", "zip": "zipped"}
FATES = {
    Taken.CREATED: "new contact",
    Taken.UPDATED: "known: brought up to date",
    Taken.UNCHANGED: "known: stays as it is",
}
REJECTED = "rejected"
COUNTED_AS = {  # in the sentence above the rows
    FATES[Taken.CREATED]: "new",
    FATES[Taken.UPDATED]: "updated",
    FATES[Taken.UNCHANGED]: "unchanged",
    REJECTED: "rejected",
}
NO_ROWS = "Below the names of its columns the file has no rows."
NO_WHOLE_ROW = "No whole row is near enough to the beginning of the file to be shown here."


class CutHere(Exception):
    """The file goes on, but that wasn't sent."""


class Beginning(io.BytesIO):
    """The first bytes of a file that goes on behind them. To ask for those raises CutHere, and so
    nothing that they may belong to is taken for whole."""

    def read(self, size=-1):
        if content := super().read(size):
            return content
        raise CutHere


def look_no_further():
    """Two megabytes, unpacked: a small file may hold gigabytes of nothing before its next row."""
    raise CutHere


@dataclass(frozen=True)
class Column:
    name: str
    field: str | None  # that it stands for

    @property
    def meaning(self) -> str:
        if is_ours(self.name):
            return "passed over"
        return self.field or "kept with the contact"

    @property
    def remark(self) -> str:
        """The meaning, where the name doesn't say it already."""
        return "" if self.meaning.casefold() == self.name.strip().casefold() else self.meaning


@dataclass(frozen=True)
class FirstRow:
    line: int
    cells: dict[str, str]  # by the names of the columns that are shown
    fate: str  # empty where it isn't known
    why: list[str]  # sentences
    is_rejected: bool


class FirstRows:
    """`job` is an import that is not stored, and a dry run; None where its campaign isn't known.
    Raises Unreadable as the form would that takes the whole file."""

    def __init__(self, content: bytes, *, is_cut: bool, job: ContactImport | None):
        self.job = job
        self.facts = glance(io.BytesIO(content))
        self.problem = ""  # why the file can't be read on
        self.goes_on = True
        records = self._records((Beginning if is_cut else io.BytesIO)(content))
        names = self.facts.columns or keys_of(records)
        self.columns = [Column(name, field_of(name)) for name in names]
        self.rows = self._rows(records)

    def _records(self, file) -> list[Record | BadRecord]:
        records = []
        try:
            for record in Reader(file, self.facts, alive=look_no_further):
                if len(records) == MOST_ROWS:
                    return records
                records.append(record)
            self.goes_on = False
        except CutHere:
            pass
        except Unreadable as problem:
            self.problem, self.goes_on = str(problem), False
        return records

    def _rows(self, records: list[Record | BadRecord]) -> list[FirstRow]:
        if not (self.job and records):
            return list(map(self._unjudged, records))
        with ImportCheck(self.job) as check:
            rows = Overlaps(self.job, check.groups).mark(check(records))
        outcomes = ImportChunk(self.job, rows).outcomes()
        return list(map(self._judged, records, rows, outcomes))

    def _unjudged(self, record: Record | BadRecord) -> FirstRow:
        cells = self._cells(record)
        if isinstance(record, BadRecord):
            return FirstRow(record.line, cells, REJECTED, [record.error.detail], True)
        return FirstRow(record.line, cells, "", [], False)

    def _judged(self, record, row: CheckedRow | ReportedRow, outcome: Taken | ReportedRow):
        cells = self._cells(record)
        if isinstance(outcome, ReportedRow):
            where = f"{outcome.column}: " if outcome.column else ""
            return FirstRow(record.line, cells, REJECTED, [where + outcome.detail], True)
        why = [remark.detail for remark in row.remarks]
        return FirstRow(record.line, cells, FATES[outcome], why, False)

    def _cells(self, record: Record | BadRecord) -> dict[str, str]:
        cells = record.cells if isinstance(record, Record) else record.raw
        if isinstance(cells, list):  # of JSON it is the text of what is no object
            names = self.facts.columns or [column.name for column in self.columns]
            cells = dict(zip(names, cells, strict=False))
        found = {column.name: cells.get(column.name) for column in self.shown}
        return {name: "" if cell is None else shortened(cell) for name, cell in found.items()}

    # -- In words ----------------------------------------------------------------------------------
    @property
    def shown(self) -> list[Column]:
        return self.columns[:MOST_COLUMNS]

    @property
    def not_shown(self) -> int:
        return len(self.columns) - len(self.shown)

    @property
    def form(self) -> str:
        """`CSV with semicolons, UTF-8, zipped`."""
        return form_of(self.facts)

    @property
    def place(self) -> str:
        """What the number of a row is."""
        return "Item" if self.facts.form == "json" else "Line"

    @property
    def remark(self) -> str:
        return READ_AS_LATIN_1 if self.facts.encoding == "latin-1" else ""

    @property
    def recognised(self) -> list[Column]:
        return [column for column in self.columns if column.field]

    @property
    def kept(self) -> list[Column]:
        return [each for each in self.columns if not (each.field or is_ours(each.name))]

    @property
    def passed_over(self) -> list[Column]:
        return [column for column in self.columns if is_ours(column.name)]

    @property
    def sentence(self) -> str:
        """What would become of the rows that are shown."""
        if not self.rows:
            return NO_WHOLE_ROW if self.goes_on else "" if self.problem else NO_ROWS
        count = len(self.rows)
        if self.goes_on or self.problem:
            which = "The first row" if count == 1 else f"The first {count} rows"
        else:
            which = "The file has one row" if count == 1 else f"The file has {count} rows"
        if self.job is None:
            return f"{which}. Choose a campaign to see what would become of them."
        counts = Counter(row.fate for row in self.rows)
        told = [f"{counts[fate]} {word}" for fate, word in COUNTED_AS.items() if counts[fate]]
        return f"{which}: {', '.join(told)}."


def keys_of(records: list[Record | BadRecord]) -> tuple[str, ...]:
    """Of JSON, those that occur in these rows, of which one may have thousands."""
    rows = (record.cells for record in records if isinstance(record, Record))
    return tuple({key: None for cells in rows for key in cells})[:MOST_KEYS]


def form_of(facts: Facts) -> str:
    told = [FORMS[facts.form], ENCODINGS.get(facts.encoding, facts.encoding.upper())]
    if facts.delimiter:
        told[0] += f" with {DELIMITERS[facts.delimiter]}"
    told += [PACKINGS[facts.packing]] if facts.packing else []
    return ", ".join(told)
