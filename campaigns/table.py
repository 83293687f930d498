"""Tables that leave as files, row by row: CSV for spreadsheets, JSON Lines for programs."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from rest_framework.serializers import Serializer

from campaigns.formula import harmless
from campaigns.serializers.file import CsvOptionsSerializer


class Table:
    """What a file holds. Subclasses say which columns, and read the rows some at a time. To make
    one may meet a Refusal."""

    name: str  # of the file
    options = Serializer  # what may be asked for; the fields come as keywords
    columns: tuple[str, ...]
    addresses = frozenset()  # columns that mail is sent by: a ' before one makes it another's

    def chunks(self) -> Iterator[list[tuple]]:
        """Rows of str, int, float, bool, datetime, None, or (from imports) lists and dicts of
        them, in the order of the columns."""
        raise NotImplementedError


class Csv:
    """Comma-separated values in UTF-8, with a first line that names the columns.

    Times are UTC, and what is not known is empty.
    """

    suffix, media_type, options = "csv", "text/csv", CsvOptionsSerializer

    def __init__(self, table: Table, *, safe=True, bom=False):
        self.table, self.bom = table, bom
        self.guarded = [safe and column not in table.addresses for column in table.columns]

    def parts(self) -> Iterator[str]:
        head = self.lines([self.cells(self.table.columns)])  # people name columns, too
        if self.bom:
            head = "\ufeff" + head
        for rows in self.table.chunks():
            yield head + self.lines(map(self.cells, rows))
            head = ""
        yield head

    def cells(self, row: tuple) -> list:
        return [
            harmless(value) if guarded and isinstance(value, str) else cell(value)
            for value, guarded in zip(row, self.guarded, strict=True)
        ]

    @staticmethod
    def lines(rows) -> str:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        return text.getvalue()


class JsonLines:
    """A JSON object per line, in UTF-8. Times are UTC, and what is not known is null."""

    suffix, media_type, options = "jsonl", "application/x-ndjson", Serializer

    def __init__(self, table: Table):
        self.table = table

    def parts(self) -> Iterator[str]:
        for rows in self.table.chunks():
            yield "".join(self.line(row) for row in rows)

    def line(self, row: tuple) -> str:
        values = dict(zip(self.table.columns, row, strict=True))
        return json.dumps(values, ensure_ascii=False, default=time_text) + "\n"


FORMS = (Csv, JsonLines)


def cell(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return time_text(value) if isinstance(value, datetime) else value


def time_text(moment: datetime) -> str:
    """As the API writes it."""
    return moment.isoformat().replace("+00:00", "Z")


def file_name(names: Iterable[str], suffix: str) -> str:
    """A name that any file system takes, and no header can be broken with."""
    words = (re.sub(r"[^\w.]+", "-", name).strip("-.")[:80] for name in names)
    return f"{'-'.join(filter(None, words))}.{suffix}"
