"""Where a CSV record ends, found without holding more of it than may have to be read again."""

import re
from dataclasses import dataclass

from campaigns.import_file.record import MOST_TEXT
from campaigns.import_file.tape import LINE_END, Tape, count_lines

BEFORE, PLAIN, QUOTED, AFTER = "before a cell", "in a cell", "in quotes", "after the closing quote"
# A closing quote and the first half of a doubled one look the same at the end of a piece, so `""`
# counts only where both stand in it. Possessive, because nothing is to be tried again.
INSIDE = re.compile(r'(?:[^"]++|"")*+')


@dataclass(slots=True)
class Span:
    text: str  # the record, or the first line of a broken one; cut after MOST_TEXT + 1 characters
    lines: int  # how many the record takes
    read: int  # characters that were looked at
    is_broken: bool  # its quotes are, so it takes one line only


class SpanSearch:
    """One search for the end of the record that the tape begins with.

    A record ends with the first line end outside of quotes. It is broken where a closing quote is
    followed by anything but a delimiter or a line end, where no closing quote comes for so many
    characters or lines, and where it has taken several lines and has more cells than it may.
    """

    def __init__(self, tape: Tape, delimiter: str, most_cells: int):
        self.tape, self.delimiter, self.most_cells = tape, delimiter, most_cells
        self.cell_end = re.compile(rf"[\r\n{re.escape(delimiter)}]")
        self.state, self.cells, self.filled, self.lines = BEFORE, 1, 0, 0

    def run(self, most_read: int, most_lines: int) -> Span:
        seen, read = [], 0
        while piece := self.tape.take():
            seen.append(piece)
            read += len(piece)
            end = self.advance(piece)
            if end:
                self.tape.put_back(piece[end:])
                seen[-1] = piece[:end]
                return Span(head_of(seen), self.lines + 1, read, False)
            if end == 0 or read > most_read or self.lines >= most_lines:
                return self.broken(seen, read)
        if self.state is QUOTED:
            return self.broken(seen, read)
        return Span(head_of(seen), self.lines + 1, read, False)

    def advance(self, piece: str) -> int | None:
        """Where the record ends in the piece; 0 if it is broken; None if it goes on."""
        at, end = 0, len(piece)
        while at < end:
            mark = piece[at]
            if self.state is QUOTED:
                to = INSIDE.match(piece, at).end()
                self.fill(piece[at:to])
                self.lines += count_lines(piece, at, to)
                if to < end:
                    self.state = AFTER
                at = to + 1
                if self.lines and self.filled > self.most_cells:
                    return 0
            elif mark == '"' and self.state in (BEFORE, AFTER):
                self.state, at = QUOTED, at + 1
            elif mark == self.delimiter:
                self.state, self.cells, at = BEFORE, self.cells + 1, at + 1
            elif mark in "\r\n":
                return at + (2 if piece.startswith("\r\n", at) else 1)
            elif self.state is AFTER:
                return 0
            else:
                found = self.cell_end.search(piece, at)
                to = found.start() if found else end
                self.fill(piece[at:to])
                self.state, at = PLAIN, to
                if self.lines and self.filled > self.most_cells:
                    return 0
        return None

    def fill(self, text: str):
        if self.filled < self.cells and text and not text.isspace():
            self.filled = self.cells

    def broken(self, seen: list[str], read: int) -> Span:
        """Only the first line is taken; the others are read again, each for itself."""
        for number, piece in enumerate(seen):
            if end := LINE_END.search(piece):
                self.tape.put_back(piece[end.end() :], *seen[number + 1 :])
                seen[number:] = [piece[: end.start()]]
                return Span(head_of(seen), 1, read, True)
        return Span(self.tape.finish_line(head_of(seen))[: MOST_TEXT + 1], 1, read, True)


def head_of(pieces: list[str]) -> str:
    """The text, without the line's end; cut where it is too long in any case."""
    head = ""
    for piece in pieces:
        head += piece
        if len(head) > MOST_TEXT + 2:
            return head[: MOST_TEXT + 1]
    return head.removesuffix("\n").removesuffix("\r")[: MOST_TEXT + 1]
