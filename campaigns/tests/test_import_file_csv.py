"""The rows of CSV files as people have them."""

import io

import pytest

from campaigns.formula import FORMULA, harmless, without_guard
from campaigns.import_file import BadRecord, Record, csv_table, packing
from campaigns.import_file.record import MOST_TEXT, RAW_LENGTH
from campaigns.tests.import_files import read, refused, seen


def rows(text: str) -> list[tuple]:
    """Line and values of each record below the columns a and b; line and code of each bad one."""
    return [
        (line, [*cells.values()] if isinstance(cells, dict) else cells)
        for line, cells in seen(f"a,b\n{text}".encode())
    ]


@pytest.mark.parametrize("blank", [",", " , ", ",,,,", '"",', '" "," "', "", "  "])
def test_a_line_of_delimiters_alone_is_as_blank_as_any_other(blank):
    assert rows(f"1,2\n{blank}\n,4\n{blank}\n'5,6\n{blank}") == [
        (2, ["1", "2"]),
        (4, ["", "4"]),
        (6, ["'5", "6"]),
    ]


@pytest.mark.parametrize("delimiter", ",;\t")
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(delimiter, end):
    lines = ["email,name", "a@x,Ann", '"b@x","B, ""Bob"""', "c@x,"]
    text = end.join(line.replace(",", delimiter) for line in lines)
    bob = 'B, "Bob"'.replace(",", delimiter)
    expected = [
        (2, {"email": "a@x", "name": "Ann"}),
        (3, {"email": "b@x", "name": bob}),
        (4, {"email": "c@x", "name": ""}),
    ]
    assert seen(text.encode()) == seen((text + end).encode()) == expected
    assert read(text.encode())[0].delimiter == delimiter


def test_the_delimiter_is_found_outside_of_quotes():
    assert read(b'"a,b,c";d\n1;2\n')[0].columns == ("a,b,c", "d")
    assert read(b'"a\n,,b";d\n1;2\n')[0].columns == ("a\n,,b", "d")
    assert read(b'5" disk;d\n')[0].columns == ('5" disk', "d")
    assert read(b"alone\n1;2\n")[0].columns == ("alone",)


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=; "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_excels_sep_line_says_the_delimiter_and_counts_as_a_line(line, end):
    content = f"{line}{end}a,b;c{end}1;2{end}".encode()
    assert seen(content) == [(3, {"a,b": "1", "c": "2"})]


def test_a_sep_line_may_name_a_delimiter_that_would_not_be_found():
    assert seen(b"sep=|\na|b,c\n1|2\n") == [(3, {"a": "1", "b,c": "2"})]


def test_header_names_stand_as_they_are_trimmed_and_numbered_where_empty():
    facts, found = read(b"\n \n Email , , \xc3\x84 x ,\n1,2,3,4\n")
    assert facts.columns == ("Email", "column 2", "Ä x", "column 4")
    assert [(one.line, [*one.cells.values()]) for one in found] == [(4, ["1", "2", "3", "4"])]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("a,b,a\n", "duplicate_column"),
        ("a,column 3,\n", "duplicate_column"),
        ("sep=;\n", "no_header"),
        ('a,"b\n1,2\n', "broken_quotes"),
        ('"a"b,c\n', "broken_quotes"),
        ("a" * (MOST_TEXT + 1) + "\n", "no_header"),
        (",".join(map(str, range(1001))), "too_many_columns"),
    ],
)
def test_a_header_that_names_no_columns_is_refused(header, code):
    assert refused(header.encode()) == code


def test_cells_are_trimmed_and_kept_raw_as_they_stood():
    found = read(b'a,b\n x ,"\ty\n"\n')[1]
    assert found == [Record(2, {"a": "x", "b": "y"}, [" x ", "\ty\n"])]


def test_blank_lines_are_passed_over_and_counted():
    assert rows("\n1,2\n   \n\r\n3,4\n\n") == [(3, ["1", "2"]), (6, ["3", "4"])]
    assert rows('"1",2\n   \n\n3,4') == [(2, ["1", "2"]), (5, ["3", "4"])]


def test_rows_may_be_ragged_but_not_have_more_than_there_are_columns():
    text = '1\n1,2,\n1,2, ,\n1,2,3\n"1"\n"1",2,""\n"1",2,3\n4,5\n'
    assert rows(text) == [
        (2, ["1", ""]),
        (3, ["1", "2"]),
        (4, ["1", "2"]),
        (5, "too_many_cells"),
        (6, ["1", ""]),
        (7, ["1", "2"]),
        (8, "too_many_cells"),
        (9, ["4", "5"]),
    ]
    bad = read(f"a,b\n{text}".encode())[1][3]
    assert (bad.value, bad.raw, bad.error.field) == ("3", ["1", "2", "3"], None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('1,"x\ny\r\nz\rw"\n3,4\n', [(2, ["1", "x\ny\r\nz\rw"]), (6, ["3", "4"])]),
        ('1,5" disk\n3,4"\n', [(2, ["1", '5" disk']), (3, ["3", '4"'])]),
        ('1,""\n"",""""\n', [(2, ["1", ""]), (3, ["", '"'])]),
        # A quote that is never closed.
        ('"1,2\n3,4\n5,6', [(2, "broken_quotes"), (3, ["3", "4"]), (4, ["5", "6"])]),
        ('1,"2\n', [(2, "broken_quotes")]),
        ('3,4\n1,"', [(2, ["3", "4"]), (3, "broken_quotes")]),
        # One that is closed by the next row's opening quote.
        ('"1,2\n3,"4"\n5,6\n', [(2, "broken_quotes"), (3, ["3", "4"]), (4, ["5", "6"])]),
        ('"1,2\n"3","4"\n', [(2, "broken_quotes"), (3, ["3", "4"])]),
        # Text behind a closing quote.
        ('"1" x,2\n3,4\n', [(2, "broken_quotes"), (3, ["3", "4"])]),
        ('"1"x"\n"3",4\n', [(2, "broken_quotes"), (3, ["3", "4"])]),
        # Closed properly, and with more cells than a row has.
        (
            '"1,2\n3,4\n",5,6\n7,8\n',
            [(2, "broken_quotes"), (3, ["3", "4"]), (4, "broken_quotes"), (5, ["7", "8"])],
        ),
        # Cells with nothing in them but white space are none too many.
        ('1,2,"\n"\n', [(2, ["1", "2"])]),
        ('1,"2\n",,\n', [(2, ["1", "2"])]),
    ],
)
def test_broken_quotes_cost_one_line(text, expected):
    assert rows(text) == expected


def test_of_a_broken_row_the_line_is_shown_as_cells():
    bad = read(b'a,b\n"Bob,' + b"x" * 300 + b"\n1,2\n")[1][0]
    assert bad.raw == ['"Bob', "x" * 300]
    assert bad.value == '"Bob,' + "x" * 195
    assert '""' in bad.error.detail


def test_control_characters_come_with_their_cells():
    assert rows('1\0,\x1b2\n"1\0","\x012"\n3,4\x0b5\x0c\u20286\x857') == [
        (2, ["1\0", "\x1b2"]),
        (3, ["1\0", "\x012"]),
        (4, ["3", "4\x0b5\x0c\u20286\x857"]),
    ]


@pytest.mark.parametrize("begin", FORMULA)
def test_a_cell_comes_back_without_the_guard_that_an_export_put_there(begin):
    for text in (f"{begin}1+1", "-5", "'x", "''=1", "'", "", "it's", "'5", "'-5"):
        assert without_guard(harmless(text)) == text
    assert without_guard("'tis") == "'tis"
    assert rows("'=1+1,'tis\n\"'@a\",'-5\n") == [(2, ["=1+1", "'tis"]), (3, ["@a", "'-5"])]
    assert read(b"a,b\n'=1,2\n")[1][0].raw == ["'=1", "2"]


def test_a_row_of_64_kib_is_taken_and_a_longer_one_is_cut():
    exact = "1," + "x" * (MOST_TEXT - 2)
    assert [one[1] for one in rows(f"{exact}\n3,4\n")] == [["1", exact[2:]], ["3", "4"]]
    assert rows(f"{exact}y\r\n3,4\n") == [(2, "too_long"), (3, ["3", "4"])]
    assert rows(f"{exact}y") == [(2, "too_long")]
    bad = read(f"a,b\n{exact}y\n".encode())[1][0]
    assert bad.raw == ["1", "x" * (RAW_LENGTH - 2)]
    assert bad.value == exact[:200]
    assert "original" in bad.error.detail


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_ten_megabytes_in_quotes_are_one_row_and_its_neighbours_are_read(end):
    line = 'say ""hello""' + " and more," * 100 + end
    count = 10_000_000 // len(line)
    long = f'2,"{line * count}"'
    text = end.join(["a,b", "1,2", '"1","2"', long, "3,4", '"5",6', long + ",surplus", "7,8"])
    found = seen(text.encode())
    assert found[:5] == [
        (2, {"a": "1", "b": "2"}),
        (3, {"a": "1", "b": "2"}),
        (4, "too_long"),
        (5 + count, {"a": "3", "b": "4"}),
        (6 + count, {"a": "5", "b": "6"}),
    ]
    # The second is closed as it should be, and has a cell too many: so it is no row.
    assert found[5] == (7 + count, "broken_quotes")
    assert found[-1] == (8 + 2 * count, {"a": "7", "b": "8"})


@pytest.mark.parametrize("length", range(packing.BLOCK * 3 - 3, packing.BLOCK * 3 + 2))
def test_the_end_of_a_long_line_is_one_wherever_the_blocks_end(length):
    long = "x" * (length - len("a,b\n"))
    assert rows(f"{long}\r\n3,4\r\n") == [(2, "too_long"), (3, ["3", "4"])]


def test_a_line_without_an_end_in_sight_is_one_row():
    long = "x" * (csv_table.LOOK_AHEAD + 100_000)
    assert rows(f"1,2\n{long}\n3,4\n") == [(2, ["1", "2"]), (3, "too_long"), (4, ["3", "4"])]
    assert rows(f'1,2\n"{long}\n3,4\n') == [(2, ["1", "2"]), (3, "too_long"), (4, ["3", "4"])]


def test_a_quote_that_is_not_closed_for_long_costs_one_line():
    many = "".join(f"{number},x\n" for number in range(20_000))
    found = rows(f'"1,2\n{many}"3,4\n{many}"5",6\n')
    assert len(found) == 40_003
    assert [one for one in found if isinstance(one[1], str)] == [
        (2, "broken_quotes"),
        (20_003, "broken_quotes"),
    ]
    assert found[-1] == (40_004, ["5", "6"])


class Counted(csv_table.Feed):
    lines_given = 0

    def __iter__(self):
        for line in super().__iter__():
            Counted.lines_given += 1
            yield line


@pytest.mark.parametrize("shown", ["", 'x"y\n'])
def test_work_does_not_grow_faster_than_the_file(monkeypatch, shown):
    """Each of these lines opens a quote that is shown to be broken by many more columns than there
    are, or by a line that is a hundred lines later on the average."""
    monkeypatch.setattr(csv_table, "ALLOWANCE", 100_000)
    monkeypatch.setattr(csv_table, "LOOK_AHEAD", 100_000)
    monkeypatch.setattr(csv_table, "Feed", Counted)
    count, header = 5_000, ",".join(map(str, range(900)))
    content = io.StringIO(f"{header}\n" + ('x","\n' * 199 + (shown or 'x","\n')) * (count // 200))
    monkeypatch.setattr(Counted, "lines_given", 0)
    table = csv_table.CsvTable(iter(lambda: content.read(30_000), ""), "utf-8")
    found = list(table)
    assert sum(isinstance(one, BadRecord) for one in found) >= count * 199 // 200 - 1
    assert [one.line for one in found] == list(range(2, count + 2))
    assert Counted.lines_given < 20 * count + 40_000
    assert table.wasted < 40 * 5 * count + 400_000
