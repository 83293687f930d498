"""Import files of all kinds, and what is read from them."""

import gzip
import io
import zipfile
from dataclasses import asdict, replace

import pytest

from campaigns.import_file import BadRecord, Facts, Reader, Record, Unreadable, examine, glance

PLENTY = 1 << 30


def read(content: bytes) -> tuple[Facts, list[Record | BadRecord]]:
    facts = examine(io.BytesIO(content), PLENTY)
    reader = Reader(io.BytesIO(content), facts)
    found = list(reader)
    assert reader.read == facts.size
    return facts, found


def seen(content: bytes) -> list[tuple]:
    """Line and cells of each record; line and code of each bad one."""
    return [
        (one.line, one.cells if isinstance(one, Record) else one.error.code)
        for one in read(content)[1]
    ]


def refused(content: bytes) -> str:
    """The code of the refusal, which a glance at a file as short as this gives as well."""
    with pytest.raises(Unreadable) as at_once:
        glance(io.BytesIO(content))
    with pytest.raises(Unreadable) as found:
        examine(io.BytesIO(content), PLENTY)
    assert (found.value.code, str(found.value)) == (at_once.value.code, str(at_once.value))
    assert str(found.value).endswith((".", "!"))
    return found.value.code


def zipped(*contents: bytes, names=("list.csv", "b.csv", "c.csv", "d.csv"), **options) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **{"compression": zipfile.ZIP_DEFLATED, **options}) as archive:
        for name, content in zip(names, contents, strict=False):
            archive.writestr(name, content)
    return file.getvalue()


PACKINGS = {
    "": lambda content: content,
    "gzip": lambda content: gzip.compress(content, 1),
    "zip": zipped,
}


class Flow(io.RawIOBase):
    """A file that is made as it is read, and can't be read twice."""

    def __init__(self, parts):
        self.parts, self.rest = iter(parts), b""

    def readable(self):
        return True

    def seekable(self):
        return False

    def read(self, size=-1):
        while not self.rest:
            self.rest = next(self.parts, None)
            if self.rest is None:
                self.rest = b""
                return b""
        part, self.rest = self.rest[:size], self.rest[size:]
        return part


def like(facts: Facts, **changes) -> Facts:
    return replace(Facts(**asdict(facts)), **changes)
