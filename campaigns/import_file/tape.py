"""Text that is read once, line by line, whatever its lines are like."""

import re
from collections.abc import Iterable, Iterator

from campaigns.import_file.record import MOST_TEXT

# Only these end a line: str.splitlines knows more, which may well stand in a cell.
LINE_END = re.compile(r"\r\n|\n|\r")
LINES = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")


def count_lines(text: str, start=0, end=None) -> int:
    """How many lines end in the text."""
    end = len(text) if end is None else end
    ends = text.count("\n", start, end)
    returns = text.count("\r", start, end)
    return ends + returns - text.count("\r\n", start, end) if returns else ends


def split_lines(text: str) -> list[str]:
    """The lines, without their ends; the last is "" if the text ends with a line's end."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.split("\n")


class Tape:
    """The text in pieces. A piece holds whole lines and at most MOST_TEXT characters; where a line
    is longer, it is a piece of its own, or several. The end of a line is never torn apart."""

    def __init__(self, chunks: Iterable[str]):
        self._coming = pieces(chunks)
        self._back = []  # what was put back, the next at the end
        self.taken = 0  # characters, each counted once

    def take(self) -> str:
        """The next piece; "" at the end."""
        if self._back:
            return self._back.pop()
        piece = next(self._coming, "")
        self.taken += len(piece)
        return piece

    def put_back(self, *pieces: str):
        """So that they are taken again, in this order. They begin with a line, or where the last
        piece that was taken breaks off."""
        self._back.extend(piece for piece in reversed(pieces) if piece)

    def peek(self) -> str:
        """The text that comes, more than MOST_TEXT of it if there is more."""
        seen, length = [], 0
        while length <= MOST_TEXT and (piece := self.take()):
            seen.append(piece)
            length += len(piece)
        self.put_back(*seen)
        return "".join(seen)

    def skip(self, count: int):
        """So many characters of what `peek` showed."""
        while count > 0:
            piece = self.take()
            self.put_back(piece[count:])
            count -= len(piece)

    def finish_line(self, begun: str) -> str:
        """The line that begins so, without its end, and hardly more than MOST_TEXT of it; the rest
        of it is passed over."""
        while piece := self.take():
            end = LINE_END.search(piece)
            if len(begun) <= MOST_TEXT:
                begun += piece[: end.start()] if end else piece
            if end:
                self.put_back(piece[end.end() :])
                break
        return begun


def pieces(chunks: Iterable[str]) -> Iterator[str]:
    rest = ""
    for chunk in chunks:
        text = rest + chunk
        # A \r at the very end may be the first half of \r\n.
        cut = 1 + max(text.rfind("\n", len(rest)), text.rfind("\r", max(len(rest) - 1, 0), -1))
        if cut:
            # The line that was begun is completed by itself: it may be a long one.
            first = LINE_END.search(text, max(len(rest) - 1, 0)).end() if rest else 0
            if first:
                yield text[:first]
            if first < cut:
                yield text[first:cut]
            rest = text[cut:]
        elif len(text) > MOST_TEXT:
            half = text.endswith("\r")
            yield text[:-1] if half else text
            rest = "\r" if half else ""
        else:
            rest = text
    if rest:
        yield rest
