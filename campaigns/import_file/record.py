"""What comes out of a file: records, and what is not one."""

from dataclasses import dataclass

from accounts.row_error import RowError

MOST_TEXT = 64 * 1024  # characters of one record
VALUE_LENGTH = 200  # of what is shown of a bad one
RAW_LENGTH = 2000  # of what is kept of one that is too long to be given back whole

TOO_LONG = (
    f"This is longer than {MOST_TEXT // 1024} KiB and was cut here. Take it from the original "
    "file, shorten it, and send it again."
)
LONE_SURROGATE = "This has half of a character in it (a lone surrogate). Write the value anew."


@dataclass(slots=True)
class Record:
    """One row. Not frozen: a million are made, and that would take twice as long."""

    line: int  # where it begins, from 1; in a JSON array the number of the item
    cells: dict[str, str | int | float | bool | list | dict | None]  # by column; CSV's are trimmed
    raw: list | dict  # as it stood there: the CSV cells, or the JSON object


@dataclass(slots=True)
class BadRecord:
    """What stands where a row should, and why it is none."""

    line: int
    error: RowError
    value: str  # shortened
    raw: list | dict  # as a Record's; a list with the text where a JSON value is no object

    @classmethod
    def of(cls, line, code, detail, value: str, raw: list | dict, *, field=None) -> "BadRecord":
        return cls(line, RowError(code, field, detail), encodable(value[:VALUE_LENGTH]), raw)

    @classmethod
    def too_long(cls, line: int, text: str, raw: list | None = None) -> "BadRecord":
        return cls.of(line, "too_long", TOO_LONG, text, raw or [encodable(text[:RAW_LENGTH])])


def is_encodable(text: str) -> bool:
    """Whether no lone surrogate is in it, which JSON and UTF-16 may carry and UTF-8 may not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def encodable(text: str) -> str:
    return text.encode(errors="replace").decode()
