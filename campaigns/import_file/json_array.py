"""A JSON array of objects, item by item.

The standard library's decoder takes them from a window on the text. (A parser of events would keep
a string of any length whole, and gives up the file for one number that it can't hold.)
"""

import re
from collections.abc import Iterable, Iterator

from campaigns.import_file.json_value import DECODER, TOO_DEEP, Refused, bad, judge
from campaigns.import_file.record import MOST_TEXT, BadRecord, Record
from campaigns.import_file.tape import count_lines
from campaigns.import_file.unreadable import Unreadable

WINDOW = 4 * MOST_TEXT  # characters
SPACE = re.compile(r"[ \t\r\n]*")
WRAPPED = re.compile(r'\s*\{\s*"contacts"\s*:\s*\[')
BRACKET = re.compile(r'["{}\[\]]')
SCALAR_END = re.compile(r"[\s,\[\]{}]")
# To the closing quote, or to a backslash at the end whose other half is still to come.
STRING = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)

MEND = "What stands before it was read. Mend the file, or export it again."


class JsonArray:
    """Iterate over it for Records and BadRecords; an array that breaks off, or isn't one, is
    Unreadable as soon as that is met."""

    def __init__(self, chunks: Iterable[str], encoding: str):
        self.chunks, self.more = iter(chunks), True
        self.text, self.at = "", 0
        self.line = 1  # of the window's beginning
        self.may_be_halved = encoding.startswith(("utf-16", "utf-32"))

    def __iter__(self) -> Iterator[Record | BadRecord]:
        self.next_mark()
        wrapped = WRAPPED.match(self.text, self.at)
        if wrapped:
            self.at = wrapped.end()
        else:
            self.expect("[")
        number = 0
        if self.next_mark() != "]":
            while True:
                number += 1
                yield self.item(number)
                if self.next_mark() != ",":
                    break
                self.at += 1
        self.expect("]", number)
        if wrapped:
            self.expect("}", number)
        if self.next_mark():
            raise self.broken("something follows the end of the list", number)

    def item(self, number: int) -> Record | BadRecord:
        self.next_mark()
        begun, problem, code, detail = self.at, None, "", ""
        try:
            value, self.at = DECODER.raw_decode(self.text, begun)
        except Refused as refused:
            code, detail = "invalid", str(refused)
        except RecursionError:
            code, detail = "too_deep", TOO_DEEP
        except ValueError as error:
            problem = self.broken(f"{error.msg}", number, at=error.pos)
        else:
            text = self.text[begun : self.at]
            if len(text) <= MOST_TEXT:
                return judge(number, value, text, may_be_halved=self.may_be_halved)
            self.at = begun  # a long number may go on behind the window
        text, ended = self.pass_over()
        if not ended:
            raise self.broken("the file breaks off, or a string isn't closed", number)
        if len(text) > MOST_TEXT:
            return BadRecord.too_long(number, text)
        if problem:
            raise problem
        return bad(number, code, detail, text)

    def next_mark(self) -> str:
        """The next character that is no white space, and "" at the end. Behind it there is the
        text of an item in the window, if none is too long."""
        while True:
            self.at = SPACE.match(self.text, self.at).end()
            self.fill()
            if self.at < len(self.text):
                if self.text[self.at] not in " \t\r\n":
                    return self.text[self.at]
            elif not self.more:
                return ""

    def fill(self):
        if not self.more or len(self.text) - self.at > MOST_TEXT:
            return
        self.line += count_lines(self.text, 0, self.at)
        parts = [self.text[self.at :]]
        length = len(parts[0])
        while self.more and length < WINDOW:
            chunk = next(self.chunks, None)
            self.more = chunk is not None
            parts.append(chunk or "")
            length += len(parts[-1])
        self.text, self.at = "".join(parts), 0

    def pass_over(self) -> tuple[str, bool]:
        """To the end of the value that begins here, whatever is in it. Returns its text, of which
        MOST_TEXT + 1 characters at most, and whether it did end."""
        head, length, depth, in_string = self.text[self.at :][: MOST_TEXT + 1], 0, 0, False
        while True:
            begun = self.at
            self.at, depth, in_string, ended = self.passed(begun, depth, in_string)
            length += self.at - begun
            if ended or not self.more:
                return head[:length], ended
            self.fill()

    def passed(self, at: int, depth: int, in_string: bool) -> tuple[int, int, bool, bool]:
        """How far that comes within the window; how deep; whether in a string; whether done."""
        text, end = self.text, len(self.text)
        while at < end:
            if in_string:
                at = STRING.match(text, at).end()
                if at == end or text[at] == "\\":
                    break
                in_string, at = False, at + 1
            elif not depth and text[at] not in '"{[':
                found = SCALAR_END.search(text, at)
                return (found.start(), 0, False, True) if found else (end, 0, False, False)
            else:
                found = BRACKET.search(text, at)
                if not found:
                    at = end
                    break
                at, mark = found.end(), found[0]
                in_string = mark == '"'
                depth += (mark in "{[") - (mark in "}]")
                if in_string:
                    continue
            if not depth:
                return at, 0, False, True
        return at, depth, in_string, False

    def expect(self, mark: str, number=0):
        if self.next_mark() != mark:
            what = f"“{mark}” is missing" if self.next_mark() else "it breaks off"
            raise self.broken(what, number)
        self.at += 1

    def broken(self, what: str, number: int, at: int | None = None) -> Unreadable:
        line = self.line + count_lines(self.text, 0, self.at if at is None else at)
        return Unreadable(
            "broken_json", f"The JSON is broken in line {line}, at item {number}: {what}. {MEND}"
        )
