"""One JSON object, decoded as strictly as what it goes into needs it."""

import json
import math

from campaigns.import_file.record import (
    LONE_SURROGATE,
    MOST_TEXT,
    BadRecord,
    Record,
    encodable,
    is_encodable,
)

DEEPEST = 32  # objects and lists in one another
WHOLE = range(-(2**63), 2**64)  # beyond it MySQL keeps a number in JSON as a float

NOT_AN_OBJECT = 'This is no JSON object. Write each contact as {"email": …}.'
TOO_DEEP = f"This has more than {DEEPEST} objects and lists in one another. Flatten it."


class Refused(ValueError):
    """It is JSON, or is taken for it by others, and can't be kept."""


def whole(text: str) -> int:
    # Twenty digits are the longest that is in range.
    if len(text) > 20 or int(text) not in WHOLE:
        raise unfit(text)
    return int(text)


def real(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise unfit(text)
    return number


def constant(text: str):
    raise unfit(text)  # NaN and the infinities


def unfit(text: str) -> Refused:
    return Refused(
        f"{text[:30]} is no number that can be kept. Put it between quotation marks, or leave "
        "it out."
    )


# Control characters in a string don't make it unreadable; they are judged with the value.
DECODER = json.JSONDecoder(parse_int=whole, parse_float=real, parse_constant=constant, strict=False)


def judge(line: int, value, text: str, *, may_be_halved: bool) -> Record | BadRecord:
    """The record that a decoded value is, or why not; `text` is what it was decoded from."""
    if type(value) is not dict:
        return bad(line, "not_an_object", NOT_AN_OBJECT, text)
    if text.count("{") + text.count("[") > DEEPEST and is_deeper(value, DEEPEST):
        return bad(line, "too_deep", TOO_DEEP, text)
    if (may_be_halved or "\\u" in text) and not is_encodable(as_text(value)):
        return halved(line, value)
    return Record(line, dict(value), value)


def halved(line: int, value: dict) -> BadRecord:
    field = next(name for name in value if not is_encodable(as_text({name: value[name]})))
    shown = value[field] if isinstance(value[field], str) else as_text(value[field])
    raw = json.loads(encodable(as_text(value)))
    return BadRecord.of(line, "invalid", LONE_SURROGATE, shown, raw, field=encodable(field))


def as_text(value) -> str:
    return json.dumps(value, ensure_ascii=False)


def is_deeper(value, levels: int) -> bool:
    level = [value]
    for _ in range(levels):
        inner = [part.values() if isinstance(part, dict) else part for part in level]
        level = [part for parts in inner for part in parts if isinstance(part, (dict, list))]
    return bool(level)


def bad(line: int, code: str, detail: str, text: str) -> BadRecord:
    return BadRecord.of(line, code, detail, text, [encodable(text[:MOST_TEXT])])
