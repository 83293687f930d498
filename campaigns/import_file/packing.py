"""A file's bytes, unpacked block by block. How it is packed is told by its content."""

import shutil
import tempfile
import zlib
from collections.abc import Iterator
from itertools import chain

from campaigns.import_file.archive import unzipped
from campaigns.import_file.foreign import EMPTY_ZIP, GZIP, ZIP, refuse_foreign
from campaigns.import_file.unreadable import Unreadable

BLOCK = 32 * 1024  # bytes
BLOCKS_PER_SIGN = 64  # two megabytes at most, between two signs of life
ANY_GZIP = 31  # zlib's word for: with gzip's header and checksum
BROKEN_GZIP = (
    "This gzip file is damaged, or was not sent to its end. Pack it again and send it again."
)


def unpacked(file) -> tuple[str, Iterator[bytes]]:
    """How the file is packed, and its unpacked bytes from the beginning, in blocks of at most
    BLOCK bytes. An empty block is no end: it is one for which there was much to unpack."""
    if file.seekable():
        file.seek(0)
    head = beginning(file)
    refuse_foreign(head)
    if head.startswith((ZIP, EMPTY_ZIP)):
        return "zip", once(unzipped(with_seek(file, head), BLOCK))
    packed = chain([head] if head else [], iter(lambda: file.read(BLOCK), b""))
    return ("gzip", once(gunzipped(packed))) if head.startswith(GZIP) else ("", packed)


def beginning(file) -> bytes:
    head = b""
    while len(head) < BLOCK and (more := file.read(BLOCK - len(head))):
        head += more
    return head


def with_seek(file, head: bytes):
    """A zip is read from its end, so one that only flows goes to the disk first."""
    if file.seekable():
        return file
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - goes when nobody reads it any more
    copy.write(head)
    shutil.copyfileobj(file, copy, BLOCK)
    return copy


def once(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks, unless they begin as a file that would have to be unpacked in its turn."""
    for block in blocks:
        if block:
            refuse_foreign(block, unpacked=True)
            yield block
            break
        yield block
    yield from blocks


def gunzipped(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Of all members, as gzip itself does; zeros may fill up the end."""
    member, ready = zlib.decompressobj(ANY_GZIP), bytearray()
    try:
        for block in packed:
            while True:
                if member.eof:
                    block = block.lstrip(b"\0")
                    if not block:
                        break
                    member = zlib.decompressobj(ANY_GZIP)
                room = BLOCK - len(ready)
                piece = member.decompress(block, room)
                block = member.unused_data if member.eof else member.unconsumed_tail
                ready += piece
                if len(ready) == BLOCK:
                    yield bytes(ready)
                    ready.clear()
                elif not block:
                    break
            yield b""
    except zlib.error as error:
        raise Unreadable("damaged", BROKEN_GZIP) from error
    if not member.eof:
        raise Unreadable("damaged", BROKEN_GZIP)
    yield bytes(ready)
