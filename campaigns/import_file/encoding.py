"""From bytes to text."""

import codecs
from collections.abc import Iterable, Iterator

from campaigns.import_file.unreadable import Unreadable

UTF_8, LATIN_1 = "utf-8", "latin-1"
# UTF-32's begins as UTF-16's, so it comes first.
MARKS = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
FIRST_BYTES = 128  # of a header, which is ASCII for the most part
# Latin-1 as browsers read it: Windows-1252, of which five bytes are undefined and stay as they are.
WINDOWS = "".join(
    chr(byte) if byte in b"\x81\x8d\x8f\x90\x9d" else bytes([byte]).decode("cp1252")
    for byte in range(256)
)


def guess(head: bytes) -> str:
    """What the first bytes look like. UTF-8 has to be proved by the others."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    first = head[:FIRST_BYTES]
    even, odd, half = first[::2].count(0), first[1::2].count(0), len(first) / 2
    if first[0] and not first[1:2].strip(b"\0") and odd > half / 2 and even < half / 10:
        return "utf-16-le"
    if not first[0] and first[1:2].strip(b"\0") and even > half / 2 and odd < half / 10:
        return "utf-16-be"
    return UTF_8


class Proof:
    """Finds out how a text is encoded while its bytes pass, in memory that doesn't grow."""

    def __init__(self):
        self.encoding, self._decoder = UTF_8, None

    def take(self, block: bytes):
        if self._decoder is None and block:
            self.encoding = guess(block)
            self._decoder = decoder(self.encoding)
        if self._decoder and self.encoding != LATIN_1:
            self._decode(block)

    def end(self):
        if self._decoder and self.encoding != LATIN_1:
            self._decode(b"", final=True)

    def _decode(self, block: bytes, final=False):
        try:
            self._decoder.decode(block, final)
        except UnicodeDecodeError as error:
            if self.encoding != UTF_8:
                raise broken(self.encoding) from error
            self.encoding = LATIN_1


def decoded(blocks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """The text, without its byte order mark. Lone surrogates of UTF-16 are left in it, so that one
    costs a row and not the file."""
    decode = decoder(encoding).decode
    try:
        for block in blocks:
            if text := decode(block):
                yield text
        if text := decode(b"", True):
            yield text
    except UnicodeDecodeError as error:
        raise broken(encoding) from error


def decoder(encoding: str) -> codecs.IncrementalDecoder:
    if encoding == LATIN_1:
        return Latin1()
    if encoding == UTF_8:
        return codecs.getincrementaldecoder("utf-8-sig")()
    return codecs.getincrementaldecoder(encoding)("surrogatepass")


class Latin1(codecs.IncrementalDecoder):
    """Also leaves out the mark of a file that says it is UTF-8, and then isn't."""

    begun = False

    def decode(self, input, final=False):
        if not self.begun and input:
            self.begun = True
            input = input.removeprefix(codecs.BOM_UTF8)
        return codecs.charmap_decode(input, "strict", WINDOWS)[0]


def broken(encoding: str) -> Unreadable:
    return Unreadable(
        "broken_encoding",
        f"This looks like {encoding.upper()}, and breaks off or has bytes in it that are none. "
        "Save it as UTF-8 and send that.",
    )
