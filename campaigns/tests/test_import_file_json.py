"""JSON as people have it: an array, one in an object, and an object per line."""

import io
import json

import pytest

from campaigns.import_file import Reader, Record, Unreadable, examine
from campaigns.import_file.json_array import WINDOW
from campaigns.import_file.json_value import DEEPEST
from campaigns.import_file.record import MOST_TEXT
from campaigns.tests.import_files import PLENTY, read, refused, seen

ANN, BOB = {"email": "ann@x", "age": 5}, {"email": "bob@x", "tags": ["a", {"b": None}], "ok": True}
LONG = {"email": "long@x", "note": "x" * MOST_TEXT}
DEEP = '{"a": ' * (DEEPEST + 1) + "1" + "}" * (DEEPEST + 1)
BAD = [
    (json.dumps(LONG), "too_long"),
    ('{"note": [' + '"a", {"b": "]}"}, ' * 5000 + "1]}", "too_long"),
    (DEEP, "too_deep"),
    ('{"a": ' + "[" * 5000 + "]" * 5000 + "}", "too_deep"),
    ('{"a": NaN}', "invalid"),
    ('{"a": -Infinity}', "invalid"),
    ('{"a": [1e999]}', "invalid"),
    ('{"a": 123456789012345678901}', "invalid"),
    ('{"a": ' + "1" * 6000 + "}", "invalid"),
    ('{"a": "\\ud800"}', "invalid"),
    ('{"\\udfff": 1}', "invalid"),
    ('{"a": {"b": ["\\udfff"]}}', "invalid"),
    ("5", "not_an_object"),
    ('"text, [and] {more}"', "not_an_object"),
    ("[1, 2]", "not_an_object"),
    ("null", "not_an_object"),
]


@pytest.mark.parametrize(
    ("text", "form", "lines"),
    [
        (json.dumps([ANN, BOB]), "json", [1, 2]),
        ("\n [\n" + json.dumps([ANN, BOB], indent=2)[1:], "json", [1, 2]),
        (json.dumps({"contacts": [ANN, BOB]}), "json", [1, 2]),
        (json.dumps({"contacts": [ANN, BOB]}, indent=1) + "\n", "json", [1, 2]),
        (json.dumps(ANN) + "\n" + json.dumps(BOB), "jsonl", [1, 2]),
        ("\r\n" + json.dumps(ANN) + "\r\n\r\n " + json.dumps(BOB) + "\r\n", "jsonl", [2, 4]),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_the_form_is_known_by_the_content(text, form, lines, encoding):
    facts, found = read(text.encode(encoding))
    assert (facts.form, facts.columns, facts.delimiter) == (form, (), "")
    assert found == [Record(line, one, one) for line, one in zip(lines, [ANN, BOB], strict=True)]


@pytest.mark.parametrize("text", ["[]", " [ ] \n", '{"contacts": []}'])
def test_an_array_may_be_empty(text):
    assert read(text.encode())[1] == []


@pytest.mark.parametrize(
    "text",
    ["{", "{}x", '{"a":\n1}', '{"rows": [\n{"a": 1}\n]}', "{id},name\n1,2\n", '{"contacts": 5'],
)
def test_json_that_is_no_list_is_refused(text):
    assert refused(text.encode()) == "not_a_list"


@pytest.mark.parametrize(("bad", "code"), BAD)
def test_a_bad_line_costs_itself_only(bad, code):
    text = f"{json.dumps(ANN)}\n{bad}\n{json.dumps(BOB)}"
    assert seen(text.encode()) == [(1, ANN), (2, code), (3, BOB)]


@pytest.mark.parametrize(("bad", "code"), BAD)
def test_a_bad_item_costs_itself_only(bad, code):
    text = f"[{json.dumps(ANN)},\n{bad} ,{json.dumps(BOB)}]"
    assert seen(text.encode()) == [(1, ANN), (2, code), (3, BOB)]


@pytest.mark.parametrize("bad", ["x", "{'a': 1}", '{"a": 1', '{"a": 1} {"b": 2}', '{"a" 1}', "{,}"])
def test_a_line_that_is_no_json_costs_itself_only(bad):
    text = f"{json.dumps(ANN)}\n{bad}\n{json.dumps(BOB)}\n"
    assert seen(text.encode()) == [(1, ANN), (2, "not_json"), (3, BOB)]
    assert read(text.encode())[1][1].raw == [bad]


def test_the_first_line_may_be_the_bad_one():
    assert seen(b'{"a": NaN}\n{"b": 1}\n') == [(1, "invalid"), (2, {"b": 1})]
    assert seen(b'{"a" 1}\n{"b": 1}\n') == [(1, "not_json"), (2, {"b": 1})]
    assert seen(json.dumps(LONG).encode() + b'\n{"b": 1}') == [(1, "too_long"), (2, {"b": 1})]


@pytest.mark.parametrize(
    "rest",
    [
        "",
        ",",
        ", {",
        ', {"a": "x',
        ', {"a": "x\\',
        ', {"a": 1, }]',
        ', {"a": tru}]',
        ",]",
        ", x]",
        " {}]",
        "}",
        "] x",
        "], []",
        ', {"a": "' + "x" * 200_000,
    ],
)
@pytest.mark.parametrize("opening", ["[", '{"contacts": ['])
def test_an_array_that_breaks_gives_what_stands_before_and_says_where(opening, rest):
    content = f"{opening}{json.dumps(ANN)},\n{json.dumps(BOB)}{rest}".encode()
    reader, found = Reader(io.BytesIO(content), examine(io.BytesIO(content), PLENTY)), []
    with pytest.raises(Unreadable) as broken:
        found.extend(one.cells for one in reader)
    assert found == [ANN, BOB]
    assert broken.value.code == "broken_json"
    assert "line 2, at item " in str(broken.value)


def test_strings_may_hold_control_characters_and_the_marks_of_json():
    one = {"a": 'x\0\n\t"]}[{\\', "b\\": "\\\\"}
    assert [cells for _, cells in seen(json.dumps([one, LONG, one]).encode())] == [
        one,
        "too_long",
        one,
    ]
    assert seen(b'[{"a": "x\ty\0"}]') == [(1, {"a": "x\ty\0"})]


@pytest.mark.parametrize("shift", range(6))
def test_an_escape_is_one_wherever_the_window_ends(shift):
    long = '{"a": "' + "x" * shift + '\\"]}' * (WINDOW // 2) + '"}'
    assert seen(f'[{long}, {{"b": 1}}]'.encode()) == [(1, "too_long"), (2, {"b": 1})]


def test_of_half_a_character_nothing_is_left_that_can_not_be_stored():
    bad = read(b'[{"name": "x\\ud800y", "b": 1}]')[1][0]
    assert (bad.error.field, bad.value, bad.raw) == ("name", "x?y", {"name": "x?y", "b": 1})


def test_a_whole_pair_is_one_character():
    assert seen(b'[{"name": "\\ud83d\\ude00"}]') == [(1, {"name": "\U0001f600"})]


def test_cells_can_be_changed_and_the_raw_stays():
    one = read(b'[{"a": 1}]')[1][0]
    one.cells.clear()
    assert one.raw == {"a": 1}


def test_numbers_are_taken_up_to_64_bits():
    text = '[{"a": 18446744073709551615, "b": -9223372036854775808, "c": 1.5, "d": 1e-999}]'
    assert [*seen(text.encode())[0][1].values()] == [2**64 - 1, -(2**63), 1.5, 0.0]
    assert seen(b'[{"a": -9223372036854775809}]') == [(1, "invalid")]
