"""Import files before a row is read: how they are packed and encoded, and what they are not."""

import gzip
import io
import json
import tracemalloc
import zipfile
import zlib
from dataclasses import asdict

import pytest

from campaigns.import_file import Facts, Reader, Unreadable, examine, glance
from campaigns.import_file.encoding import WINDOWS
from campaigns.tests.import_files import PACKINGS, PLENTY, Flow, read, refused, seen, zipped

CSV = b"email,name\nann@example.com,Ann\n"
ANN = [(2, {"email": "ann@example.com", "name": "Ann"})]


@pytest.mark.parametrize("packing", PACKINGS)
def test_the_packing_is_known_by_the_content(packing):
    content = PACKINGS[packing](CSV)
    facts = Facts(packing, "csv", "utf-8", ",", ("email", "name"), len(CSV))
    assert glance(io.BytesIO(content)) == examine(io.BytesIO(content), PLENTY) == facts
    assert seen(content) == ANN


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_file_that_only_flows_is_read_too(packing):
    content = PACKINGS[packing](CSV)
    facts = examine(Flow([content[:5], content[5:]]), PLENTY)
    assert [one.line for one in Reader(Flow([content]), facts)] == [2]


def test_the_facts_go_through_json():
    facts = read(CSV)[0]
    assert Facts(**json.loads(json.dumps(asdict(facts)))) == facts


def test_a_glance_reads_no_more_than_a_megabyte():
    parts = [CSV] + [b"bob@example.com,Bob\n" * 1000] * 200
    taken = []
    facts = glance(Flow(part for part in parts if taken.append(len(part)) is None))
    assert facts == Facts("", "csv", "utf-8", ",", ("email", "name"), None)
    assert sum(taken) < 1_100_000


def test_a_gzip_of_several_members_is_one_file_and_zeros_at_its_end_are_none():
    content = gzip.compress(CSV[:20]) + gzip.compress(b"") + gzip.compress(CSV[20:]) + bytes(512)
    assert seen(content) == ANN


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(CSV)[:-9],
        gzip.compress(CSV)[:-1],
        gzip.compress(CSV) + b"x",
        gzip.compress(CSV)[:-8] + bytes(8),
        b"\x1f\x8b" + bytes(30),
        zipped(CSV)[:-5],
        zipped(CSV, compression=zipfile.ZIP_STORED).replace(b"Ann", b"Bob"),
        zipped(CSV)[:40] + b"\xff\xff\xff" + zipped(CSV)[43:],
        b"PK\x03\x04" + bytes(100),
        b"PK\x05\x06" + b"\xff" * 18,
    ],
)
def test_a_damaged_file_is_refused(content):
    assert refused(content) == "damaged"


def test_damage_behind_the_head_is_found_by_the_examination():
    content = gzip.compress(CSV + b"bob@example.com,Bob\n" * 200_000, 1)
    assert glance(io.BytesIO(content[:-4])).columns == ("email", "name")
    with pytest.raises(Unreadable) as found:
        examine(io.BytesIO(content[:-4]), PLENTY)
    assert found.value.code == "damaged"


def test_what_a_mac_packs_beside_the_file_does_not_count():
    names = ("lists/", "lists/list.csv", "__MACOSX/lists/._list.csv", "lists/.DS_Store")
    assert seen(zipped(b"", CSV, b"x", b"x", names=names)) == ANN


def test_a_zip_has_to_hold_one_file():
    assert refused(zipped()) == refused(zipped(b"", names=["folder/"])) == "no_file"
    assert refused(zipped(CSV, CSV)) == "several_files"
    many = zipped(*[b""] * 20_000, names=[f"{number:050}" for number in range(20_000)])
    assert refused(many) == "too_many_files"


def test_a_locked_zip_is_refused():
    locked = bytearray(zipped(CSV))
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    assert refused(bytes(locked)) == "encrypted"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_without_a_bound_is_refused(method):
    assert refused(zipped(CSV, compression=method)) == "unsupported_compression"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "excel_workbook"),
        (zipped(b"", b"", names=["[Content_Types].xml", "xl/workbook.xml"]), "excel_workbook"),
        (zipped(b"", b"", names=["[Content_Types].xml", "word/document.xml"]), "foreign_format"),
        (zipped(b"", b"", names=["mimetype", "content.xml"]), "foreign_format"),
        (b"%PDF-1.7\n", "foreign_format"),
        (b"{\\rtf1 email}", "foreign_format"),
        (b"7z\xbc\xaf\x27\x1c", "foreign_format"),
        (b"BZh91AY&SY", "foreign_format"),
        (b"\xfd7zXZ\x00", "foreign_format"),
        (b"\x28\xb5\x2f\xfd", "foreign_format"),
        (b"list.csv".ljust(257, b"\0") + b"ustar", "foreign_format"),
        (gzip.compress(b"list.csv".ljust(257, b"\0") + b"ustar"), "foreign_format"),
        (b"\n<!DOCTYPE html><html>", "foreign_format"),
        (zipped(b"%PDF-1.7\n"), "foreign_format"),
        (gzip.compress(gzip.compress(CSV)), "packed_twice"),
        (zipped(zipped(CSV)), "packed_twice"),
        (zipped(gzip.compress(CSV)), "packed_twice"),
        (b"", "empty"),
        (b" \r\n\t\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (gzip.compress(b""), "empty"),
        (zipped(b""), "empty"),
    ],
)
def test_what_is_no_list_is_named(content, code):
    assert refused(content) == code


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_bomb_is_dropped_at_the_bound(packing):
    content = PACKINGS[packing](CSV + bytes(30_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable) as found:
            examine(io.BytesIO(content), 5_000_000)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    assert found.value.code == "too_long_unpacked"


def test_the_bound_is_what_may_be_reached():
    assert examine(io.BytesIO(CSV), len(CSV)).size == len(CSV)
    with pytest.raises(Unreadable):
        examine(io.BytesIO(CSV), len(CSV) - 1)


def test_the_examination_gives_signs_of_life_where_nothing_comes_out_too():
    signs = []
    examine(Flow([CSV * 1000] * 500), PLENTY, lambda: signs.append(1))
    assert len(signs) >= 5
    signs.clear()
    empty = gzip.compress(b"", mtime=0) * 200_000
    with pytest.raises(Unreadable):
        examine(io.BytesIO(empty), PLENTY, lambda: signs.append(1))
    assert len(signs) >= 2


NAMES = "email,name\nann@example.com,Ännchen €\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (NAMES.encode(), "utf-8"),
        (NAMES.encode("utf-8-sig"), "utf-8"),
        (NAMES.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + NAMES.encode("utf-16-be"), "utf-16"),
        (NAMES.encode("utf-16-le"), "utf-16-le"),
        (NAMES.encode("utf-16-be"), "utf-16-be"),
        (NAMES.encode("utf-32"), "utf-32"),
        (b"\0\0\xfe\xff" + NAMES.encode("utf-32-be"), "utf-32"),
        (NAMES.encode("cp1252"), "latin-1"),
        (b"\xef\xbb\xbf" + NAMES.encode("cp1252"), "latin-1"),
    ],
)
@pytest.mark.parametrize("packing", PACKINGS)
def test_the_encoding_is_found_out(content, encoding, packing):
    facts, found = read(PACKINGS[packing](content))
    assert facts.encoding == encoding
    assert facts.columns == ("email", "name")
    assert [one.cells["name"] for one in found] == ["Ännchen €"]


def test_one_byte_at_the_end_of_a_long_file_makes_it_latin_1():
    content = CSV + b"b\xc3\xb6b@example.com,Bob\n" * 60_000 + b"\xdf@example.com,Eszett\n"
    assert glance(io.BytesIO(content)).encoding == "utf-8"
    facts, found = read(content)
    assert facts.encoding == "latin-1"
    assert found[1].cells["email"] == "bÃ¶b@example.com"
    assert found[-1].cells["email"] == "ß@example.com"


def test_latin_1_is_what_browsers_take_it_for():
    assert WINDOWS[0x80] == "€"
    assert WINDOWS[0x81] == "\x81"
    assert [WINDOWS[byte] for byte in (0x8D, 0x8F, 0x90, 0x9D)] == list("\x8d\x8f\x90\x9d")
    assert WINDOWS[:128] + WINDOWS[160:] == bytes([*range(128), *range(160, 256)]).decode("latin-1")


def test_utf_16_that_breaks_off_is_refused():
    assert refused("email\n".encode("utf-16") + b"x") == "broken_encoding"
    assert refused("email\n".encode("utf-32") + b"\xff" * 4) == "broken_encoding"


def test_half_a_character_costs_its_row_only():
    content = "email,name\na,b\nc,".encode("utf-16") + b"\0\xd8" + "\nd,e\n".encode("utf-16-le")
    assert [cells for _, cells in seen(content)][::2] == [
        {"email": "a", "name": "b"},
        {"email": "d", "name": "e"},
    ]
    bad = read(content)[1][1]
    assert (bad.line, bad.error.code, bad.error.field) == (3, "invalid", "name")
    assert (bad.value, bad.raw) == ("?", ["c", "?"])


def test_a_raw_deflate_of_any_kind_is_no_gzip():
    assert refused(b"\x1f\x8b" + zlib.compress(CSV)) == "damaged"
