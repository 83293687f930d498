"""What the API tells of imports, and how rejected rows are corrected and sent again."""

import pytest

from campaigns import import_steps
from campaigns.models import Contact, ErasedAddress
from campaigns.tests.house import House
from campaigns.tests.import_requests import (
    TWO,
    URL,
    cells,
    post,
    rejected,
    report,
    upload,
    worked_at,
)
from campaigns.tests.importing import table

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    return House()


# -- What is told of it ------------------------------------------------------------------------
def test_bad_rows_and_remarks_are_reported_in_the_order_of_the_file(house):
    lines = [f"info{number}@example.com,A" for number in range(4)]
    lines[1:1] = ["nobody,A", "info@example.com,A", "ada@example.com,C"]
    worked_at(house, upload(house, table("email", "of another import")))
    job = worked_at(house, upload(house, table("email,group", *lines)))
    assert (job["rejected"], job["noted"]) == (2, 1)
    first, second, third = report(house, job)
    assert (first["line"], first["rejected"], first["code"]) == (3, True, "invalid")
    assert (first["column"], first["value"]) == ("email", "nobody")
    assert first["detail"].endswith(".")
    assert (second["line"], second["rejected"], second["code"]) == (4, False, "role_account")
    assert (third["line"], third["column"], third["code"]) == (5, "group", "does_not_exist")
    assert report(house, job, rejected=False) == [second]
    assert report(house, job, code="does_not_exist") == [third]
    assert report(house, job, ordering="-line") == [third, second, first]


def test_the_report_comes_in_pages(house):
    job = worked_at(house, upload(house, table("email", *"abcde")))
    address, lines = f"{URL}{job['id']}/rows/?page_size=2", []
    while address:
        page = house.client.get(address).json()
        lines += [row["line"] for row in page["results"]]
        address = page["next"]
    assert lines == [2, 3, 4, 5, 6]


def test_a_file_in_an_old_encoding_is_remarked_on(house):
    content = table("email,name,group", "ada@example.com,Zoë,A").encode("latin-1")
    job = worked_at(house, upload(house, content))
    assert job["file"]["encoding"] == "latin-1"
    [remark] = job["remarks"]
    assert "Latin-1" in remark
    assert Contact.objects.get(email_key="ada@example.com").name == "Zoë"


def test_our_own_merge_file_may_be_sent_back_and_its_pixels_are_remarked_on(house):
    merge_file = house.client.get(f"/api/campaigns/{house.campaign.pk}/pixels.csv").getvalue()
    job = worked_at(house, upload(house, merge_file))
    assert (job["unchanged"], job["rejected"]) == (1, 0)
    [remark] = job["remarks"]
    assert "pixel_1_url" in remark


def test_a_problem_with_the_whole_file_is_told(house):
    content = b'[{"email": "ada@example.com", "group": "A"}, {"email": "bob@exam'
    job = worked_at(house, upload(house, content, name="people.json"))
    assert (job["state"], job["created"]) == ("failed", 1)
    assert job["problem"].endswith(".")


def test_imports_are_listed_by_campaign_and_state(house):
    other = House(house.user)
    mine = [upload(house, TWO).json()["id"] for _ in range(2)]
    upload(other, TWO)
    import_steps.work()
    waiting = upload(house, TWO, dry_run="true").json()["id"]

    def listed(**query):
        return [job["id"] for job in house.client.get(URL, query).json()["results"]]

    assert listed(campaign=house.campaign.pk) == [waiting, *reversed(mine)]
    assert listed(state="waiting") == listed(dry_run=True) == [waiting]
    assert listed(group=house.group.pk) == []
    assert len(listed(search="people")) == 4


# -- Correct it and send it again --------------------------------------------------------------
def test_rejected_rows_are_corrected_and_sent_again_until_all_are_in(house):
    content = table(
        "E-Mail;Name;Group;@Notiz",
        "ada@example.com;Ada;A;=1+1",
        "bob.example.com;Bob;A;=2+2",
        "eve@example.com;Eve;C;",
        "kim@example.com;Kim;Ltd;A;3",
        '"zoe@example.com ";"Zo"";e";A;-x',
        "max@;Max;A;'=quoted",
    )
    job = worked_at(house, upload(house, content))
    assert (job["created"], job["rejected"]) == (2, 4)
    text = rejected(house, job)
    assert cells(text) == [
        ["E-Mail", "Name", "Group", "'@Notiz", ""],
        ["bob.example.com", "Bob", "A", "'=2+2", ""],
        ["eve@example.com", "Eve", "C", "", ""],
        ["kim@example.com", "Kim", "Ltd", "A", "3"],
        ["max@", "Max", "A", "'=quoted", ""],
    ]
    text = text.replace("bob.ex", "bob@ex").replace(",C,", ",B,").replace("max@", "max@example.com")
    text = text.replace("Kim,Ltd,A,3", "Kim Ltd,A,3,")
    again = worked_at(house, upload(house, text))
    assert (again["created"], again["rejected"]) == (4, 0)
    notes = {
        contact.name: contact.extra.get("@Notiz")
        for contact in Contact.objects.filter(group__campaign=house.campaign)
        if contact.name
    }
    assert notes == {
        "Ada": "=1+1",
        "Bob": "=2+2",
        "Eve": None,
        "Kim Ltd": "3",
        'Zo";e': "-x",
        "Max": "=quoted",
    }


def test_the_reasons_stand_beside_the_rows_and_are_passed_over(house):
    job = worked_at(house, upload(house, table("email,group", "nobody,A", "ada@example.com,C")))
    text = rejected(house, job, reasons=True)
    head, first, second = cells(text)
    assert head == ["email", "group", "rejected_line", "rejected_because"]
    assert first[:3] == ["nobody", "A", "2"]
    assert first[3].startswith("email: ")
    assert second[3].startswith("group: ")
    again = worked_at(house, upload(house, text.replace("nobody", "bob@example.com")))
    assert (again["created"], again["rejected"]) == (1, 1)
    [remark] = again["remarks"]
    assert "rejected_because" in remark
    # Those of last time make room for those of this time.
    [head, row] = cells(rejected(house, again, reasons=True))
    assert head == ["email", "group", "rejected_line", "rejected_because"]
    assert row[:3] == ["ada@example.com", "C", "3"]
    assert "rejected_line" in rejected(house, again)  # as the file had it


def test_columns_without_a_name_are_given_back_without_one(house):
    head = ["email", "rejected_line", "group", "", *(f"c{number}" for number in range(99)), ""]
    lines = (",".join(cells) for cells in (head, ["x", "2", "A", *[""] * 101, "more"]))
    text = rejected(house, worked_at(house, upload(house, table(*lines))), reasons=True)
    assert cells(text)[0] == ["email", "group", *head[3:], "", "rejected_line", "rejected_because"]
    again = worked_at(
        house, upload(house, text.replace("x,", "x@example.com,").replace("more", ""))
    )
    assert (again["created"], again["rejected"]) == (1, 0)


def test_rejected_rows_of_json_have_the_columns_of_all(house):
    job = worked_at(
        house,
        post(
            house,
            {"email": "nobody", "city": "Paris"},
            {"email": "ada@example.com", "group": "A", "in": "none of these"},
            {"email": 7, "tags": ["x", 1], "vip": True, "@x": "@y"},
        ),
    )
    head, *rows = cells(rejected(house, job))
    found = [{name: cell for name, cell in zip(head, row, strict=True) if cell} for row in rows]
    assert found == [
        {"email": "nobody", "city": "Paris"},
        {"email": "7", "tags": '["x", 1]', "vip": "true", "'@x": "'@y"},
    ]
    plain = rejected(house, job, safe=False)
    assert "@x" in cells(plain)[0]
    assert "'" not in plain


def test_an_address_is_given_back_as_it_stood_there(house):
    job = worked_at(house, upload(house, table("email,name", "=ada,=Ada")))
    assert cells(rejected(house, job))[1] == ["=ada", "'=Ada"]


def test_json_of_many_keys_and_rows_of_many_cells_stay_within_bounds(house):
    job = worked_at(house, post(house, *({f"c{at}-{key}": 1 for key in range(90)} for at in "abc")))
    head, *rows = cells(rejected(house, job))
    assert (len(head), len(rows)) == (200, 3)
    job = worked_at(house, upload(house, table("email,name", "x,y" + ",z" * 1000)))
    head, row = cells(rejected(house, job))
    assert len(head) == len(row) == 52
    assert ",".join(row) == "x,y" + ",z" * 1000


def test_the_file_of_rejected_rows_is_named_after_the_import(house):
    job = worked_at(house, upload(house, TWO, name="März 2026.csv"))
    response = house.client.get(f"{URL}{job['id']}/rejected.csv")
    name = house.campaign.name.replace(" ", "-")
    assert f'filename="{name}-Marz-2026-rejected.csv"' in response["Content-Disposition"]
    assert cells(response.getvalue().decode()) == [["email", "group"]]


def test_an_erased_person_is_in_no_report(house):
    ErasedAddress.objects.remember(house.team.pk, "eve@example.com")
    job = worked_at(
        house, upload(house, table("email,name,group", "Eve@example.com,Eve,A", "x,X,A"))
    )
    assert [row["code"] for row in report(house, job)] == ["erased", "invalid"]
    assert cells(rejected(house, job))[1:] == [["x", "X", "A"]]
    assert "eve" not in str(report(house, job)).lower()


def test_whoever_is_erased_later_leaves_the_reports(house):
    rows = table(
        "name,group,email",
        f"{'x' * 300},A,eve@example.com",
        "X,A,Eve@Example.com,and more",
        'X,A,"eve@example.com" or so',
        "Y,A,nobody",
    )
    job = worked_at(house, upload(house, rows))
    assert len(cells(rejected(house, job))) == 5
    contact = house.add_contact(email="Eve@example.com")
    house.client.post(f"/api/contacts/{contact.pk}/erase/")
    assert [row[:3] for row in cells(rejected(house, job))[1:]] == [["Y", "A", "nobody"]]
    assert "eve@" not in str(report(house, job)).lower()
