"""The rows of a CSV file."""

import csv
from collections.abc import Iterable, Iterator

from campaigns.formula import without_guard
from campaigns.import_file.csv_header import take_header
from campaigns.import_file.csv_span import SpanSearch
from campaigns.import_file.record import (
    LONE_SURROGATE,
    MOST_TEXT,
    RAW_LENGTH,
    BadRecord,
    Record,
    encodable,
    is_encodable,
)
from campaigns.import_file.tape import LINES, Tape, split_lines

# How far a closing quote is looked for, in characters: a cell of ten megabytes is one cell. What
# is looked at in vain is read again, so there is an allowance for that, which grows with the
# text read. Who has used it up, by quotes broken again and again, gets a few lines.
LOOK_AHEAD = 12 * 1024 * 1024
ALLOWANCE = 3 * LOOK_AHEAD
FEW_LINES = 16

BROKEN_QUOTES = (
    "A quotation mark begins a cell and isn't closed as it should be, so only this line was taken "
    'for the row. Close it before the next delimiter, or write a quotation mark in a cell as "".'
)
TOO_MANY_CELLS = (
    "The row has more cells than there are columns ({}). Put a value that has the delimiter in it "
    "between quotation marks, or take out what is too much."
)


class CsvTable:
    """Iterate over it for Records and BadRecords."""

    def __init__(self, chunks: Iterable[str], encoding: str, delimiter=""):
        self.tape = Tape(chunks)
        self.delimiter, self.columns, lines = take_header(self.tape, delimiter)
        self.line = lines + 1  # the physical line that comes next
        self.wasted = 0  # characters that were looked at in vain
        # Nothing else can carry half of a character.
        self.may_be_halved = encoding.startswith(("utf-16", "utf-32"))
        self.empty = dict.fromkeys(self.columns, "")

    def __iter__(self) -> Iterator[Record | BadRecord]:
        while piece := self.tape.take():
            if len(piece) > MOST_TEXT or not piece.endswith(("\n", "\r")):
                yield from self.odd_piece(piece)
            elif '"' in piece or (self.may_be_halved and not is_encodable(piece)):
                yield from self.quoted(piece)
            else:
                yield from self.unquoted(piece)

    def unquoted(self, piece: str) -> Iterator[Record | BadRecord]:
        """The short way, for nearly all rows of nearly all files: each line is one."""
        columns, delimiter, width = self.columns, self.delimiter, len(self.columns)
        lines, strip = split_lines(piece), str.strip
        lines.pop()  # what follows the last line's end
        guarded = "'" in piece
        for line, text in enumerate(lines, self.line):
            row = text.split(delimiter)
            # A blank line begins with a blank cell, and few others do.
            odd = len(row) != width or width == 1 or not strip(row[0])
            if odd or (guarded and "'" in text):
                if found := self.row(line, row):
                    yield found
            else:
                yield Record(line, dict(zip(columns, map(strip, row), strict=True)), row)
        self.line += len(lines)

    def quoted(self, piece: str) -> Iterator[Record | BadRecord]:
        lines, guarded = LINES.findall(piece), "'" in piece
        feed = Feed(lines)
        reader, poor = self.reader(feed), self.allowance < 0
        while feed.at < len(lines):
            begun = feed.at
            if poor:
                feed.until = min(begun + FEW_LINES, len(lines))
            try:
                row = next(reader)
                broken = feed.at - begun > 1 and self.has_surplus(row)
            except csv.Error:
                if feed.ran_out and feed.until == len(lines):
                    # The row goes on behind this piece.
                    self.tape.put_back("".join(lines[begun:]))
                    self.line += begun
                    yield from self.long_way()
                    return
                broken = True
            if broken:
                self.wasted += sum(map(len, lines[begun : feed.at]))
                yield self.broken(self.line + begun, lines[begun].rstrip("\r\n"))
                feed.at, feed.ran_out = begun + 1, False
                reader, poor = self.reader(feed), self.allowance < 0
            elif found := self.row(self.line + begun, row, guarded):
                yield found
        self.line += len(lines)

    def odd_piece(self, piece: str) -> Iterator[Record | BadRecord]:
        """One that ends within a line: the file's last line, or a line of more than MOST_TEXT."""
        whole = 1 + max(piece.rfind("\n"), piece.rfind("\r")) if len(piece) <= MOST_TEXT else 0
        self.tape.put_back(piece[:whole], piece[whole:])
        if not whole:
            yield from self.long_way()

    def long_way(self) -> Iterator[Record | BadRecord]:
        """One row, wherever it may end."""
        line = self.line
        most = (LOOK_AHEAD, LOOK_AHEAD) if self.allowance >= 0 else (MOST_TEXT, FEW_LINES)
        span = SpanSearch(self.tape, self.delimiter, len(self.columns)).run(*most)
        self.line += span.lines
        self.wasted += span.read * span.is_broken
        if len(span.text) > MOST_TEXT:
            yield BadRecord.too_long(line, span.text, self.cut(span.text[:RAW_LENGTH]))
        elif span.is_broken:
            yield self.broken(line, span.text)
        elif found := self.row(line, next(self.reader([span.text]))):
            yield found

    @property
    def allowance(self) -> int:
        return ALLOWANCE + self.tape.taken - self.wasted

    def reader(self, lines: Iterable[str]):
        return csv.reader(lines, delimiter=self.delimiter, strict=True)

    def has_surplus(self, row: list[str]) -> bool:
        return len(row) > len(self.columns) and any(map(str.strip, row[len(self.columns) :]))

    def row(self, line: int, row: list[str], guarded=True) -> Record | BadRecord | None:
        """None for a blank line, such as the many that spreadsheets leave at the end, with all
        their delimiters. Unless `guarded`, there is no ' in it."""
        if not "".join(row).strip():
            return None
        if self.may_be_halved and not is_encodable("".join(row)):
            return self.halved(line, row)
        if self.has_surplus(row):
            detail = TOO_MANY_CELLS.format(len(self.columns))
            surplus = self.delimiter.join(row[len(self.columns) :])
            return BadRecord.of(line, "too_many_cells", detail, surplus, row)
        cells = dict(zip(self.columns, map(str.strip, row), strict=False))
        if guarded:
            cells = {name: without_guard(cell).strip() for name, cell in cells.items()}
        return Record(line, cells if len(row) >= len(self.columns) else self.empty | cells, row)

    def halved(self, line: int, row: list[str]) -> BadRecord:
        at = next(at for at, cell in enumerate(row) if not is_encodable(cell))
        field = self.columns[at] if at < len(self.columns) else None
        raw = list(map(encodable, row))
        return BadRecord.of(line, "invalid", LONE_SURROGATE, row[at], raw, field=field)

    def broken(self, line: int, text: str) -> BadRecord:
        return BadRecord.of(line, "broken_quotes", BROKEN_QUOTES, text, self.cut(text))

    def cut(self, text: str) -> list[str]:
        """The cells of a line that no reader of CSV would agree with another about."""
        return encodable(text).split(self.delimiter)


class Feed:
    """Gives lines to a reader, up to a certain one, and knows how far it came."""

    def __init__(self, lines: list[str]):
        self.lines, self.at, self.until, self.ran_out = lines, 0, len(lines), False

    def __iter__(self) -> Iterator[str]:
        while self.at < self.until:
            self.at += 1
            yield self.lines[self.at - 1]
        self.ran_out = True
