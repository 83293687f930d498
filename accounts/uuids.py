"""UUIDs by the thousand, each as its 16 bytes."""

import time
from os import urandom

VERSION, VARIANT = 6, 8  # the bytes that RFC 9562 has them in
VERSIONS = {version: bytes(byte & 0x0F | version << 4 for byte in range(256)) for version in (5, 7)}
ANY_VARIANT = bytes(byte & 0x3F | 0x80 for byte in range(256))
TIME = 6  # bytes


def ordered_uuids(count: int) -> list[bytes]:
    """New ones of version 7: the milliseconds since 1970, then 74 random bits. So those that are
    made together stand together in an index, which would have a page for each to be read and
    written if they were random, once it is larger than memory."""
    at = (time.time_ns() // 1_000_000).to_bytes(TIME)
    random = urandom((16 - TIME) * count)
    parts = range(0, len(random), 16 - TIME)
    return marked(7, b"".join([at + random[part : part + 16 - TIME] for part in parts]))


def marked(version: int, numbers: bytes) -> list[bytes]:
    """As UUID(version=…) does with each 16 bytes, in a fraction of its time."""
    text = bytearray(numbers)
    text[VERSION::16] = text[VERSION::16].translate(VERSIONS[version])
    text[VARIANT::16] = text[VARIANT::16].translate(ANY_VARIANT)
    return [bytes(text[start : start + 16]) for start in range(0, len(text), 16)]
