"""The one file in a zip."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from campaigns.import_file.foreign import DOCUMENT, EXCEL
from campaigns.import_file.unreadable import Unreadable

MOST_AT_ONCE = 1024 * 1024  # bytes
ENCRYPTED = 0x1  # in the entry's flags
# What the library raises for bytes that are no sound zip, apart from what it means to raise.
BROKEN = (BadZipFile, NotImplementedError, ValueError, EOFError, IndexError, OverflowError)

DAMAGED = "This zip file is damaged, or was not sent to its end. Pack it again and send it again."
LOCKED = "This zip file is locked with a password. Send it without one."
OTHER_METHOD = (
    "This zip file is compressed in a way that isn't read here (other than deflate). Send the file "
    "in it unpacked, or as gzip."
)
TOO_MANY = "This zip file has too many files in it. Send one that has the list alone in it."


class Sips:
    """A file of which only some is read at once. A zip's table of contents is read whole by the
    library: a long one would fill the memory."""

    def __init__(self, file):
        self.file = file
        self.tell, self.seekable = file.tell, file.seekable

    def seek(self, offset: int, whence: int = 0):
        if whence == 0 and not 0 <= offset < 1 << 62:
            raise BadZipFile("an offset outside of the file")
        return self.file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        content = self.file.read(MOST_AT_ONCE + 1 if size < 0 else min(size, MOST_AT_ONCE + 1))
        if len(content) > MOST_AT_ONCE:
            raise Unreadable("too_many_files", TOO_MANY)
        return content


def unzipped(file, block: int) -> Iterator[bytes]:
    try:
        with ZipFile(Sips(file)) as archive, archive.open(only_file(archive)) as content:
            while piece := content.read(block):
                yield piece
    except (*BROKEN, struct.error, zlib.error) as error:
        raise Unreadable("damaged", DAMAGED) from error


def only_file(archive: ZipFile) -> ZipInfo:
    """Without what a Mac packs beside it."""
    names = archive.namelist()
    if "[Content_Types].xml" in names:
        workbook = any(name.startswith("xl/") for name in names)
        raise Unreadable(*(("excel_workbook", EXCEL) if workbook else ("foreign_format", DOCUMENT)))
    if {"mimetype", "content.xml"} <= set(names):
        raise Unreadable("foreign_format", EXCEL.replace("an Excel", "a LibreOffice"))
    files = [
        entry
        for entry in archive.infolist()
        if not entry.is_dir()
        and not entry.filename.startswith("__MACOSX/")
        and PurePosixPath(entry.filename).name != ".DS_Store"
    ]
    if not files:
        raise Unreadable("no_file", "This zip file has no file in it. Pack the list and send it.")
    if len(files) > 1:
        some = ", ".join(ascii(entry.filename[:50]) for entry in files[:3])
        raise Unreadable(
            "several_files",
            f"This zip file has {len(files)} files in it ({some}{', …' * (len(files) > 3)}). "
            "Send one at a time.",
        )
    if files[0].flag_bits & ENCRYPTED:
        raise Unreadable("encrypted", LOCKED)
    if files[0].compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise Unreadable("unsupported_compression", OTHER_METHOD)
    return files[0]
