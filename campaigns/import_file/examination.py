"""What a file is, found out before anything of it is taken in."""

from collections.abc import Callable
from itertools import islice

from campaigns.import_file.csv_header import take_header
from campaigns.import_file.encoding import Proof, decoder
from campaigns.import_file.facts import Facts
from campaigns.import_file.foreign import NO_TEXT, looks_binary
from campaigns.import_file.json_array import WRAPPED
from campaigns.import_file.json_value import DECODER, Refused
from campaigns.import_file.packing import BLOCK, BLOCKS_PER_SIGN, unpacked
from campaigns.import_file.record import MOST_TEXT
from campaigns.import_file.tape import Tape, split_lines
from campaigns.import_file.unreadable import Unreadable

HEAD = 1024 * 1024  # bytes

EMPTY = "The file is empty. Look whether it was exported to its end, and send it again."
NOTHING_AT_FIRST = (
    "The file begins with a megabyte of white space. Take that out and send it again."
)
NO_LIST = (
    'This is JSON, and no list of contacts. Send an array of objects, {"contacts": [ … ]}, '
    "or JSON Lines: an object per line."
)


def glance(file) -> Facts:
    """By the first megabyte alone: encoding is a guess then, and the size unknown, unless that
    was all. Raises Unreadable."""
    packing, blocks = unpacked(file)
    proof, head = Proof(), bytearray()
    for block in islice(blocks, HEAD // BLOCK):
        head += block
        proof.take(block)
    is_all = len(head) < HEAD and next(blocks, None) is None
    if is_all:
        proof.end()
    return facts_of(bytes(head), packing, proof.encoding, len(head) if is_all else None)


def examine(file, most_unpacked: int, alive: Callable[[], None] = lambda: None) -> Facts:
    """By all of it, in one pass. Calls `alive` for every two megabytes, packed or unpacked,
    whichever come first. Raises Unreadable, also if there are more than `most_unpacked` bytes."""
    packing, blocks = unpacked(file)
    proof, head, size = Proof(), bytearray(), 0
    for number, block in enumerate(blocks):
        size += len(block)
        if size > most_unpacked:
            raise Unreadable(
                "too_long_unpacked",
                f"The file has more than {most_unpacked:,} bytes when unpacked, which are the "
                "most. Send it in parts.",
            )
        if number % BLOCKS_PER_SIGN == 0:
            alive()
        if len(head) < HEAD:
            head += block
        proof.take(block)
    proof.end()
    return facts_of(bytes(head), packing, proof.encoding, size)


def facts_of(head: bytes, packing: str, encoding: str, size: int | None) -> Facts:
    """`size` is known where the file was read to its end."""
    text = decoder(encoding).decode(head)
    begun = text.lstrip()
    if not begun:
        if size is None or size > len(head):
            raise Unreadable("no_header", NOTHING_AT_FIRST)
        raise Unreadable("empty", EMPTY)
    if begun[0] in "[{":
        return Facts(packing, json_form(begun), encoding, "", (), size)
    slices = (text[at : at + BLOCK] for at in range(0, len(text), BLOCK))
    try:
        delimiter, columns, _ = take_header(Tape(slices))
    except Unreadable:
        if looks_binary(begun):
            raise Unreadable("foreign_format", NO_TEXT) from None
        raise
    return Facts(packing, "csv", encoding, delimiter, columns, size)


def json_form(text: str) -> str:
    if text[0] == "[" or WRAPPED.match(text):
        return "json"
    lines = split_lines(text[: 2 * MOST_TEXT])
    # One good line among the first makes it JSON Lines, and the bad ones will be told; so does a
    # first line of which the end is not in sight. A line that leaves something open does not.
    is_open = lines[0].rstrip().endswith(("{", "[", ",", ":"))
    if len(lines[0]) <= MOST_TEXT and (is_open or not any(map(is_object, lines))):
        raise Unreadable("not_a_list", NO_LIST)
    return "jsonl"


def is_object(text: str) -> bool:
    text = text.strip()
    try:
        return text.startswith("{") and DECODER.raw_decode(text)[1] == len(text)
    except Refused:
        return True
    except (ValueError, RecursionError):
        return False
