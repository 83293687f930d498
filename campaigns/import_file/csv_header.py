"""The first line of a CSV file that says something: the names of the columns."""

import csv
import re
from collections import Counter

from campaigns.formula import without_guard
from campaigns.import_file.csv_span import SpanSearch
from campaigns.import_file.record import MOST_TEXT, encodable, is_encodable
from campaigns.import_file.tape import LINE_END, Tape, count_lines
from campaigns.import_file.unreadable import Unreadable

DELIMITERS = ",;\t"
MOST_COLUMNS = 1000  # each row takes memory and time for each of them
SEPARATOR = re.compile(r'"?sep=([,;\t|:])"?[ \t]*(?:\r\n|\n|\r|$)', re.IGNORECASE)  # Excel's
# A quotation mark counts only where a cell begins.
IN_QUOTES = re.compile(r'(?<![^,;\t\r\n])"(?:[^"]++|"")*+"?')


def take_header(tape: Tape, delimiter="") -> tuple[str, tuple[str, ...], int]:
    """The delimiter, unless one is given; the columns; and how many lines were taken."""
    lines = skip_blank(tape)
    if told := SEPARATOR.match(tape.peek()):
        tape.skip(told.end())
        delimiter = told[1]
        lines += count_lines(told[0]) + skip_blank(tape)
    text = tape.peek()
    if not text:
        raise Unreadable(
            "no_header",
            "The file has no line with the names of the columns. Put one at its beginning.",
        )
    delimiter = delimiter or likely_delimiter(text)
    span = SpanSearch(tape, delimiter, MOST_COLUMNS).run(MOST_TEXT, MOST_TEXT)
    if len(span.text) > MOST_TEXT:
        raise Unreadable(
            "no_header",
            f"The line with the names of the columns is longer than {MOST_TEXT // 1024} KiB. Look "
            "at the beginning of the file.",
        )
    if span.is_broken:
        raise Unreadable(
            "broken_quotes",
            f"In the names of the columns (line {lines + 1}) a quotation mark isn't closed as it "
            "should be. Close it, or leave it out.",
        )
    cells = next(csv.reader([span.text], delimiter=delimiter, strict=True))
    return delimiter, columns_of(cells), lines + span.lines


def skip_blank(tape: Tape) -> int:
    """How many lines with nothing in them were passed over."""
    lines = 0
    while text := tape.peek():
        blank = text[: len(text) - len(text.lstrip())]
        if len(blank) < len(text):
            # The last of it may belong to the first cell: a tab, say.
            blank = blank[: max(blank.rfind("\n"), blank.rfind("\r")) + 1]
        if not blank:
            break
        tape.skip(len(blank))
        lines += count_lines(blank)
    return lines


def likely_delimiter(text: str) -> str:
    line = LINE_END.split(IN_QUOTES.sub("", text), maxsplit=1)[0]
    return max(DELIMITERS, key=line.count)  # the first of them where there is none


def columns_of(cells: list[str]) -> tuple[str, ...]:
    named = (without_guard(cell.strip()) for cell in cells)
    columns = tuple(name or f"column {number}" for number, name in enumerate(named, 1))
    if len(columns) > MOST_COLUMNS:
        raise Unreadable(
            "too_many_columns",
            f"The file has {len(columns)} columns, and {MOST_COLUMNS} are the most. Leave out "
            "those that the campaign has no use for.",
        )
    name, count = Counter(columns).most_common(1)[0]
    if count > 1:
        raise Unreadable(
            "duplicate_column",
            f"Several columns are named “{encodable(name[:100])}”. Give each a name of its own.",
        )
    if not all(map(is_encodable, columns)):
        raise Unreadable(
            "broken_encoding",
            "The names of the columns have half of a character in them. Save the file as UTF-8.",
        )
    return columns
