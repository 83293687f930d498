"""Files that people send although they hold no list, known by how they begin."""

import re

from campaigns.import_file.unreadable import Unreadable

GZIP, ZIP, EMPTY_ZIP = b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06"

EXCEL = "This is an Excel workbook. Save it as CSV UTF-8 and send that."
DATABASE = "This is a database file. Export the table as CSV and send that."
DOCUMENT = "This is a document, not a list. Send the contacts as CSV or JSON."
OTHER_PACKING = "This is packed in a way that isn't read here. Send it unpacked, or as zip or gzip."
NO_TEXT = "This is no text file. Send the contacts as CSV or JSON."
PICTURE = "This is a picture. Send the contacts as CSV or JSON."
WEB_PAGE = (
    "This is a web page or XML, perhaps an error page that was saved as a file. Look into it, and "
    "send the contacts as CSV or JSON."
)
TWICE_PACKED = "This is packed twice. Unpack it once, and send what is in it."

BEGINNINGS = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ("excel_workbook", EXCEL),
    b"%PDF-": ("foreign_format", DOCUMENT.replace("a document", "a PDF")),
    b"{\\rtf": ("foreign_format", DOCUMENT),
    b"7z\xbc\xaf\x27\x1c": ("foreign_format", OTHER_PACKING),
    b"Rar!\x1a\x07": ("foreign_format", OTHER_PACKING),
    b"\xfd7zXZ\x00": ("foreign_format", OTHER_PACKING),
    b"\x28\xb5\x2f\xfd": ("foreign_format", OTHER_PACKING),
    b"SQLite format 3\x00": ("foreign_format", DATABASE),
    b"PAR1": ("foreign_format", DATABASE),
    b"\x89PNG\r\n\x1a\n": ("foreign_format", PICTURE),
    b"\xff\xd8\xff": ("foreign_format", PICTURE),
    b"GIF87a": ("foreign_format", PICTURE),
    b"GIF89a": ("foreign_format", PICTURE),
}
MARKUP = (b"<!doctype html", b"<html", b"<?xml")
CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
LOOKED_AT = 1024  # characters, in which a text has hardly any
BZIP2 = b"1AY&SY"  # from the fourth byte on
TAR = slice(257, 262)


def refuse_foreign(head: bytes, *, unpacked=False):
    """Raise Unreadable for a file that begins so, if that is no text."""
    for beginning, (code, sentence) in BEGINNINGS.items():
        if head.startswith(beginning):
            raise Unreadable(code, sentence)
    if head.lstrip()[:20].lower().startswith(MARKUP):
        raise Unreadable("foreign_format", WEB_PAGE)
    if (head.startswith(b"BZh") and head[4:10] == BZIP2) or head[TAR] == b"ustar":
        raise Unreadable("foreign_format", OTHER_PACKING)
    if unpacked and head.startswith((GZIP, ZIP, EMPTY_ZIP)):
        raise Unreadable("packed_twice", TWICE_PACKED)


def looks_binary(text: str) -> bool:
    """Whether what can't be read as a table is no text either. A good table may have a control
    character in it here and there, so nothing is refused for that alone."""
    begun = text[:LOOKED_AT]
    return len(CONTROLS.findall(begun)) > len(begun) / 50
