"""How a file begins, told before it is sent, by what its import itself would say."""

import gzip
import io
import json
import zipfile

import pytest

from campaigns.first_rows import (
    HEAD_BYTES,
    MOST_COLUMNS,
    MOST_KEYS,
    MOST_ROWS,
    NO_WHOLE_ROW,
    FirstRows,
)
from campaigns.import_file import Reader
from campaigns.models import (
    Campaign,
    Contact,
    ContactColumn,
    ContactImport,
    ErasedAddress,
    Group,
    ReportedRow,
)
from campaigns.tests.factories import make_campaign, make_contact
from campaigns.tests.importing import table, take_in

pytestmark = pytest.mark.django_db
LONG = HEAD_BYTES + 100_000


def first_rows(content, campaign=None, *, is_cut=False, **options) -> FirstRows:
    content = content if isinstance(content, bytes) else content.encode()
    job = ContactImport(dry_run=True, campaign=campaign, **options) if campaign else None
    return FirstRows(content, is_cut=is_cut, job=job)


def beginning(content) -> FirstRows:
    content = content if isinstance(content, bytes) else content.encode()
    assert len(content) > HEAD_BYTES
    return first_rows(content[:HEAD_BYTES], is_cut=True)


def fates(first: FirstRows) -> list[str]:
    return [row.fate for row in first.rows]


def long_table(*rows: str) -> str:
    """Longer than what is looked at."""
    text = table(*rows)
    return text + "more@example.com,More\n" * ((LONG - len(text)) // 20)


# -- What becomes of rows --------------------------------------------------------------------------
@pytest.mark.parametrize("options", [{}, {"create_groups": True}, {"reject_overlap": True}])
def test_rows_are_judged_as_the_import_judges_them(options):
    campaign = make_campaign(group_names=("A", "B"))
    known, other = campaign.groups.order_by("pk")
    make_contact(known, email="known@example.com", name="Same")
    make_contact(other, email="overlap@example.com")
    ErasedAddress.objects.remember(campaign.team_id, "erased@example.com")
    content = table(
        "email,name,group,pixels",
        "new@example.com,,A,",
        "known@example.com,Other,A,",
        "known@example.com,Same,B,",
        "no address,,A,",
        "new@example.com,,A,",
        "overlap@example.com,,A,",
        "info@example.com,,Nowhere,",
        "erased@example.com,,A,",
        "one@example.com,,A,99",
        "two@example.com,,A,1,surplus",
    )
    first = first_rows(content, campaign, **options)
    job = take_in(campaign, content, dry_run=True, **options)
    told = {(row.line, row.why[0]) for row in first.rows if row.is_rejected}
    rejected = job.reported_rows.filter(rejected=True)
    assert told == {
        (row.line, f"{row.column}: {row.detail}" if row.column else row.detail) for row in rejected
    }
    assert len(first.rows) == job.rows == 10
    noted = {(row.line, why) for row in first.rows if not row.is_rejected for why in row.why}
    assert noted == set(job.reported_rows.filter(rejected=False).values_list("line", "detail"))
    assert fates(first).count("new contact") == job.created
    assert fates(first).count("known: brought up to date") == job.updated
    assert fates(first).count("known: stays as it is") == job.unchanged
    counts = {"new": job.created, "updated": job.updated, "unchanged": job.unchanged}
    counts |= {"rejected": job.rejected}
    told = ", ".join(f"{number} {word}" for word, number in counts.items() if number)
    assert first.sentence == f"The file has 10 rows: {told}."


def test_rows_that_change_nothing_are_said_to_change_nothing():
    group = make_campaign().groups.get()
    make_contact(group, email="known@example.com")
    first = first_rows(table("email", "known@example.com"), group.campaign)
    assert first.sentence == "The file has one row: 1 unchanged."


def test_nothing_is_stored():
    campaign = make_campaign()
    models = (Campaign, Group, Contact, ContactColumn, ContactImport, ReportedRow)
    before = [model.objects.count() for model in models]
    content = table("email,group,City", "ada@example.com,New,Paris", "wrong,New,Paris")
    first = first_rows(content, campaign, create_groups=True)
    assert fates(first) == ["new contact", "rejected"]
    assert [model.objects.count() for model in models] == before


def test_without_a_campaign_only_what_is_no_row_is_rejected():
    first = first_rows(table("email,name", "wrong,Ada", "ada@example.com,Ada,x"))
    assert fates(first) == ["", "rejected"]
    assert "Choose a campaign" in first.sentence


def test_the_number_of_queries_is_bounded(django_assert_max_num_queries):
    campaign = make_campaign(group_names=[f"Group {number}" for number in range(20)])
    rows = [f"contact-{number}@example.com,Group {number}" for number in range(10)]
    with django_assert_max_num_queries(6):
        assert set(fates(first_rows(table("email,group", *rows), campaign))) == {"new contact"}


# -- Columns ---------------------------------------------------------------------------------------
def test_columns_are_told_with_what_they_are_taken_for():
    header = "E-Mail;Full name;City;pixel_1_url;;SENT AT"
    first = first_rows(table(header, "ada@example.com;Ada;;;;"))
    assert [(column.name, column.meaning) for column in first.columns] == [
        ("E-Mail", "email"),
        ("Full name", "name"),
        ("City", "kept with the contact"),
        ("pixel_1_url", "passed over"),
        ("column 5", "kept with the contact"),
        ("SENT AT", "sent_at"),
    ]
    assert first.form == "CSV with semicolons, UTF-8"
    [row] = first.rows
    assert (row.line, row.cells["E-Mail"], row.cells["City"]) == (2, "ada@example.com", "")


def test_json_has_the_columns_of_its_first_rows():
    rows = [{"email": "ada@example.com", "City": None}, {"email": "bob@example.com", "Age": 7}, 3]
    for content, form, place in (
        (json.dumps(rows), "A JSON array, UTF-8", "Item"),
        ("\n".join(map(json.dumps, rows)), "JSON Lines, UTF-8", "Line"),
    ):
        first = first_rows(content)
        assert [column.name for column in first.columns] == ["email", "City", "Age"]
        assert [row.cells["Age"] for row in first.rows] == ["", "7", ""]
        assert first.rows[2].cells["email"] == "3"
        assert first.rows[2].is_rejected
        assert (first.form, first.place) == (form, place)


def test_only_some_rows_and_columns_are_shown():
    columns = ",".join(f"column {number}" for number in range(MOST_COLUMNS + 5))
    first = first_rows(table(f"email,{columns}", *["ada@example.com"] * (MOST_ROWS + 1)))
    assert (len(first.rows), len(first.shown), first.not_shown) == (MOST_ROWS, MOST_COLUMNS, 6)
    assert len(first.rows[0].cells) == MOST_COLUMNS
    assert first.sentence.startswith(f"The first {MOST_ROWS} rows.")
    whole = first_rows(table("email", *["ada@example.com"] * MOST_ROWS))
    assert whole.sentence.startswith(f"The file has {MOST_ROWS} rows.")
    assert first_rows("email\n").sentence == "Below the names of its columns the file has no rows."


def test_what_is_not_utf_8_is_told():
    first = first_rows("email,name\nada@example.com,Zoë\n".encode("latin-1"))
    assert first.form == "CSV with commas, Latin-1 (Windows-1252)"
    assert first.remark
    assert first.rows[0].cells["name"] == "Zoë"


def test_json_rows_may_have_any_number_of_keys():
    row = {f"key {number}": number for number in range(3_000)}
    first = first_rows(json.dumps([row | {"email": "ada@example.com"}]), make_campaign())
    assert len(first.columns) == MOST_KEYS
    assert first.rows[0].is_rejected


# -- Beginnings of longer files --------------------------------------------------------------------
def packed(content: str, packing: str) -> bytes:
    """Of noise beside it that hardly gets shorter."""
    if packing == "gzip":
        return gzip.compress(content.encode(), compresslevel=0)
    return content.encode(packing)


@pytest.mark.parametrize("packing", ["utf-8", "utf-16", "gzip"])
def test_of_a_long_file_the_beginning_is_enough(packing):
    first = beginning(packed(long_table("email,name", "ada@example.com,Zoë", "wrong"), packing))
    assert [column.meaning for column in first.columns] == ["email", "name"]
    assert [row.cells["name"] for row in first.rows[:2]] == ["Zoë", ""]
    assert len(first.rows) == MOST_ROWS
    assert first.goes_on
    assert not first.problem


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_letter_that_is_cut_in_two_does_not_make_a_file_latin_1(at):
    content = long_table("email,name").encode()[: HEAD_BYTES - at] + "€".encode() * 3
    assert beginning(content).form == "CSV with commas, UTF-8"


@pytest.mark.parametrize("packing", ["utf-8", "gzip"])
def test_a_row_that_goes_on_behind_the_beginning_is_not_judged(packing):
    rows = ["email,name", "ada@example.com,Ada", 'bob@example.com,"' + "Bob\n" * (LONG // 4) + '"']
    first = beginning(packed(table(*rows), packing))
    assert [row.cells["email"] for row in first.rows] == ["ada@example.com"]
    assert (first.goes_on, first.problem) == (True, "")
    assert first.sentence.startswith("The first row. ")
    first = beginning(packed(table(*rows[:1], rows[2]), packing))
    assert first.sentence == NO_WHOLE_ROW


@pytest.mark.parametrize("form", ["array", "lines"])
def test_json_may_be_cut_anywhere(form):
    rows = [json.dumps({"email": f"contact-{number}@example.com"}) for number in range(40_000)]
    first = beginning(f"[{','.join(rows)}]" if form == "array" else "\n".join(rows))
    assert len(first.rows) == MOST_ROWS
    assert (first.goes_on, first.problem) == (True, "")
    long = json.dumps({"email": "bob@example.com", "name": "x" * LONG})
    first = beginning(f"[{rows[0]},{long}]" if form == "array" else f"{rows[0]}\n{long}")
    assert [row.cells["email"] for row in first.rows] == ["contact-0@example.com"]


def test_a_zip_is_read_whole():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("people.csv", table("email", "ada@example.com"))
    first = first_rows(file.getvalue())
    assert first.form == "CSV with commas, UTF-8, zipped"
    assert len(first.rows) == 1


def test_where_a_file_breaks_off_its_rows_are_shown_and_it_is_said():
    first = first_rows('[{"email": "ada@example.com"}, {"email"', make_campaign())
    assert fates(first) == ["new contact"]
    assert first.problem.startswith("The JSON is broken in line 1, at item 2")
    assert first.sentence == "The first row: 1 new."


@pytest.mark.parametrize("line", [b"\n", b",\n"])
def test_a_small_file_with_much_of_nothing_in_it_is_not_read_on(line, monkeypatch):
    read = []
    counted = Reader._counted
    monkeypatch.setattr(
        Reader, "_counted", lambda *of: (read.append(len(each)) or each for each in counted(*of))
    )
    packed = gzip.compress(b"email,name\n" + line * (16 * 2**20))
    assert len(packed) < HEAD_BYTES
    first = first_rows(packed)
    assert sum(read) < 3 * 2**20
    assert (first.goes_on, first.problem, first.sentence) == (True, "", NO_WHOLE_ROW)
