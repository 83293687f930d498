"""JSON Lines: an object per line."""

from collections.abc import Iterable, Iterator

from campaigns.import_file.json_value import DECODER, TOO_DEEP, Refused, bad, judge
from campaigns.import_file.record import MOST_TEXT, BadRecord, Record
from campaigns.import_file.tape import Tape, split_lines


class JsonLines:
    """Iterate over it for Records and BadRecords."""

    def __init__(self, chunks: Iterable[str], encoding: str):
        self.tape, self.line = Tape(chunks), 1
        self.may_be_halved = encoding.startswith(("utf-16", "utf-32"))

    def __iter__(self) -> Iterator[Record | BadRecord]:
        while piece := self.tape.take():
            lines = split_lines(piece)
            last = lines.pop()
            if last:
                lines.append(self.tape.finish_line(last))
            for text in lines:
                if text := text.strip():
                    yield self.record(text)
                self.line += 1

    def record(self, text: str) -> Record | BadRecord:
        if len(text) > MOST_TEXT:
            return BadRecord.too_long(self.line, text)
        try:
            value, end = DECODER.raw_decode(text)
        except Refused as refused:
            return bad(self.line, "invalid", str(refused), text)
        except RecursionError:
            return bad(self.line, "too_deep", TOO_DEEP, text)
        except ValueError as error:
            detail = (
                f"The line is no JSON ({error}). Write one object per line, or mend what is wrong."
            )
            return bad(self.line, "not_json", detail, text)
        if end < len(text):
            detail = f"After the object there is more in the line, from character {end + 1} on. "
            return bad(self.line, "not_json", detail + "Write one object per line.", text)
        return judge(self.line, value, text, may_be_halved=self.may_be_halved)
