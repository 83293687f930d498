"""Whatever stands in an import file: good rows come out, and nothing is raised but Unreadable."""

import contextlib
import csv
import io
import json
import tracemalloc
from collections.abc import Iterable
from itertools import chain, repeat

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from campaigns.formula import without_guard
from campaigns.import_file import BadRecord, Reader, Record, Unreadable, examine, glance, packing
from campaigns.tests.import_files import PACKINGS, PLENTY, Flow, read

ENCODINGS = {
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "utf-32": "utf-32",
    "cp1252": "latin-1",
}
CELLS = st.one_of(
    st.text("ab é€'\"=+-@,;\t\n\r\0\x1f\x0b\xa0", max_size=8),
    st.sampled_from(["'=1+1", "-5", "'@x", '5" disk', '""', '"', "x\ny", "a,b;c\td"]),
)
fast = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


@contextlib.contextmanager
def blocks_of(size: int):
    """So that rows lie across many of them."""
    whole, packing.BLOCK = packing.BLOCK, size
    try:
        yield
    finally:
        packing.BLOCK = whole


def written(row: list[str], delimiter: str, quoting: int, end: str) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\r\n").writerow(row)
    return text.getvalue().removesuffix("\r\n") + end


def lines_in(text: str) -> int:
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n")


@st.composite
def tables(draw):
    """A CSV text with its columns, and what is to be read from it: line, and values or a code."""
    delimiter, end = draw(st.sampled_from(",;\t")), draw(st.sampled_from(["\n", "\r\n", "\r"]))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    width = draw(st.integers(2, 4))
    columns = [f"größe {number}é" for number in range(width)]
    text = f"sep={delimiter}{end}" if draw(st.booleans()) else ""
    text += written(columns, delimiter, quoting, end)
    expected = []
    for kind in draw(st.lists(st.sampled_from(["row", "row", "row", "blank", "more", "broken"]))):
        line = lines_in(text) + 1
        if kind == "blank":
            text += draw(st.sampled_from(["", "  "])) + end
        elif kind == "broken":
            # The second line is a row of its own, and shows that the first is none.
            text += draw(st.sampled_from(['"open', f'x{delimiter}"open', '"x"y'])) + end
            text += f'x"y{end}'
            expected += [(line, "broken_quotes"), (line + 1, ['x"y'] + [""] * (width - 1))]
        elif kind == "more":
            row = [draw(st.sampled_from("xyz")) for _ in range(width + 1)]
            text += written(row, delimiter, quoting, end)
            expected.append((line, "too_many_cells"))
        else:
            row = draw(st.lists(CELLS, min_size=1, max_size=width))
            surplus = draw(st.sampled_from([0, 0, 2])) if len(row) == width else 0
            text += written(row + [""] * surplus, delimiter, quoting, end)
            values = [without_guard(cell.strip()).strip() for cell in row]
            if "".join(row).strip():
                expected.append((line, values + [""] * (width - len(row))))
    if draw(st.booleans()):
        text = text.removesuffix(end)
    return text, columns, expected


@fast
@given(
    tables(),
    st.sampled_from([*ENCODINGS]),
    st.sampled_from([*PACKINGS]),
    st.sampled_from([16, 50, packing.BLOCK]),
)
def test_every_good_row_comes_out_with_its_line(table, encoding, packed, block):
    text, columns, expected = table
    with blocks_of(block):
        facts, found = read(PACKINGS[packed](text.encode(encoding)))
    assert (facts.encoding, facts.packing) == (ENCODINGS[encoding], packed)
    assert facts.columns == tuple(columns)
    assert [
        (one.line, [*one.cells.values()] if isinstance(one, Record) else one.error.code)
        for one in found
    ] == expected


KEYS = st.text('ab]}"\\', max_size=3)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.text('email"\\{}[]', max_size=5), VALUES, max_size=4))


@settings(fast, max_examples=50)
@given(
    OBJECTS,
    st.sampled_from(["array", "wrapped", "lines"]),
    st.sampled_from([None, 1]),
    st.booleans(),
    st.sampled_from([16, 50, packing.BLOCK]),
)
def test_every_object_comes_out_as_it_went_in(objects, form, indent, escaped, block):
    if form == "lines":
        objects = [{}, *objects]
        text = "".join(f"{json.dumps(one, ensure_ascii=escaped)}\n" for one in objects)
    else:
        listed = {"contacts": objects} if form == "wrapped" else objects
        text = json.dumps(listed, ensure_ascii=escaped, indent=indent)
    with blocks_of(block):
        found = read(text.encode())[1]
    assert found == [Record(number, one, one) for number, one in enumerate(objects, 1)]


def survive(content: bytes):
    with contextlib.suppress(Unreadable):
        glance(io.BytesIO(content))
    with contextlib.suppress(Unreadable):
        facts = examine(io.BytesIO(content), PLENTY)
        found = []
        with contextlib.suppress(Unreadable):
            for one in Reader(io.BytesIO(content), facts):
                found.append(one)
        lines = [one.line for one in found]
        assert lines == sorted(set(lines))
        assert len(lines) <= len(content) + 1
        for one in found:
            assert isinstance(one, Record | BadRecord)
            json.dumps(one.raw, ensure_ascii=False).encode()
            if isinstance(one, BadRecord):
                assert len(one.value) <= 200
                assert one.error.detail


MARKS = [b'"', b",", b"\n", b"\r", b"{", b"}", b"[", b"]", b":", b"\\", b"1", b"\0", b"\xff", b"e"]


@fast
@given(st.binary(max_size=400) | st.lists(st.sampled_from(MARKS)).map(b"".join))
@example(b"PK\x05\x06" + bytes(18))
@example(b"\xff\xfe\0\xd8")
def test_any_bytes_are_survived(content):
    survive(content)
    survive(b"a,b\n" + content)
    survive(b'[{"a": 1}, ' + content)
    survive(b'{"a": 1}\n' + content)


WHOLE = [
    PACKINGS[packed](content.encode(encoding))
    for packed in PACKINGS
    for encoding in ("utf-8", "utf-16", "utf-32")
    for content in (
        'a,b\n1,"x\ny"\n2,3\n',
        '[{"a": "\\ud83d\\ude00", "b": [1.5, null]}, {}]',
        '{"a": 1}\n{"b": "x"}\n',
    )
]


@fast
@given(st.sampled_from(WHOLE), st.data())
def test_a_file_with_some_bytes_changed_is_survived(content, data):
    damaged = bytearray(content)
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        damaged[at] = data.draw(st.integers(0, 255))
    survive(bytes(damaged[: data.draw(st.integers(0, len(content)))]))
    survive(bytes(damaged))


def peak_of(first: bytes, parts: Iterable[bytes]) -> int:
    """Bytes that were held at once while a file of these parts was read."""
    reader = Reader(Flow(chain([first], parts)), glance(io.BytesIO(first)))
    tracemalloc.start()
    try:
        with contextlib.suppress(Unreadable):
            for _ in reader:
                pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


FORMS = {
    "csv": (b"email,name\n", b"somebody@example.com,%s\n"),
    "quoted": (b"email,name\n", b'"somebody@example.com","Some ""body"" %s"\n'),
    "array": (b'[{"email": "a@x"}\n', b',{"email": "somebody@example.com", "name": "%s"}\n'),
    "lines": (b'{"email": "a@x"}\n', b'{"email": "somebody@example.com", "name": "%s"}\n'),
}


@pytest.mark.parametrize("form", FORMS)
def test_memory_does_not_grow_with_the_rows(form):
    first, row = FORMS[form]
    rows = row % (b"x" * 400) * 100  # of which a window is soon full
    few, many = (peak_of(first, repeat(rows, hundreds)) for hundreds in (20, 80))
    assert many < few * 1.1 + 20_000
    assert many < 10_000_000


@pytest.mark.parametrize(
    ("first", "part"),
    [
        (b"a,b\n", b"x" * 1_000_000),
        (b'a,b\n"', b"x" * 1_000_000),
        (b'a,b\n"1\n', (b"x" * 4999 + b"\n") * 100),
        (b'a,b\n"1\n', (b'""' * 2500 + b"\n") * 100),
        (b'[{"a": 1}, {"b": "', b"x" * 1_000_000),
        (b'[{"a": 1}, {"b": ', b"[" * 3_000),
        (b'[{"a": 1}, {"b": ', b"1" * 1_000_000),
        (b'{"a": 1}\n{"b": "', b"x" * 1_000_000),
        (b"a,b\n", b"\n" * 10_000),
        (b"[{}, ", b" " * 1_000_000),
    ],
)
def test_memory_is_bounded_where_nothing_ends(first, part):
    assert peak_of(first, repeat(part, 30)) < 20_000_000
