"""Contact imports by the API: asked for, followed, reported, corrected and sent again."""

import csv
import gzip
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.tests.people import assert_problem
from campaigns import import_steps
from campaigns.models import Contact, ContactImport, ErasedAddress
from campaigns.tests.house import House
from campaigns.tests.importing import contacts_of, table

pytestmark = pytest.mark.django_db
URL = "/api/imports/"
TWO = table("email,group", "ada@example.com,A", "bob@example.com,B")


@pytest.fixture
def house():
    return House()


def upload(house, content, name="people.csv", client=None, **options):
    content = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile(name, content)
    headers = {key: options.pop(key) for key in list(options) if key.startswith("HTTP_")}
    body = {"campaign": house.campaign.pk, "file": file} | options
    return (client or house.client).post(URL, body, format="multipart", **headers)


def post(house, *rows, **options):
    body = {"campaign": house.campaign.pk, "contacts": rows} | options
    return house.client.post(URL, json.dumps(body), content_type="application/json")


def worked_at(house, response) -> dict:
    """The import after a worker has been at it."""
    assert response.status_code == 201, response.content
    import_steps.work()
    return house.client.get(response["Location"]).json()


def report(house, job, **query) -> list[dict]:
    return house.client.get(f"{URL}{job['id']}/rows/", query).json()["results"]


def rejected(house, job, **query) -> str:
    response = house.client.get(f"{URL}{job['id']}/rejected.csv", query)
    assert response.status_code == 200, response.content
    return response.getvalue().decode()


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def zipped(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("people.csv", text)
    return packed.getvalue()


# -- What comes in ---------------------------------------------------------------------------------
def test_an_upload_waits_and_says_where_it_can_be_followed(house):
    response = upload(house, TWO)
    assert response.status_code == 201
    job = response.json()
    assert response["Location"] == f"{URL}{job['id']}/"
    assert (job["state"], job["percent"], job["file"], job["remarks"]) == ("waiting", 0, None, [])
    assert (job["campaign"], job["group"]) == (house.campaign.pk, None)
    assert (job["name"], job["size"]) == ("people.csv", len(TWO))
    assert job["created_by"] == house.user.username
    assert not Contact.objects.filter(email_key="ada@example.com").exists()


@pytest.mark.parametrize(
    ("content", "packing", "encoding", "delimiter"),
    [
        (TWO.encode(), "", "utf-8", ","),
        (gzip.compress(TWO.encode()), "gzip", "utf-8", ","),
        (zipped(TWO.replace(",", ";")), "zip", "utf-8", ";"),
        (TWO.replace(",", "\t").encode("utf-16"), "", "utf-16", "\t"),
        (("\ufeff" + TWO).encode(), "", "utf-8", ","),
    ],
)
def test_a_file_is_taken_in_however_it_is_packed(house, content, packing, encoding, delimiter):
    job = worked_at(house, upload(house, content))
    assert (job["state"], job["percent"], job["rows"], job["created"]) == ("done", 100, 2, 2)
    assert job["file"] == {
        "encoding": encoding,
        "delimiter": delimiter,
        "packing": packing,
        "form": "csv",
        "columns": ["email", "group"],
    }
    assert contacts_of(house.campaign).keys() >= {
        ("A", "ada@example.com"),
        ("B", "bob@example.com"),
    }
    assert job["rows_per_second"] > 0
    assert (job["started_at"], job["finished_at"]) > ("2000", "2000")
    assert job["seconds_left"] is None


def test_rows_are_taken_in_that_come_as_json(house):
    rows = (
        {"email": "ada@example.com", "group": "A", "pixels": 3, "city": "Paris", "tags": ["x"]},
        {"email": "nobody", "group": "A"},
        {},
        {"email": "eve@example.com", "group": "A", "city": "\ud800"},
    )
    job = worked_at(house, post(house, *rows))
    assert (job["name"], job["file"]["form"]) == ("rows.json", "json")
    assert (job["rows"], job["created"], job["rejected"]) == (4, 1, 3)
    assert contacts_of(house.campaign)["A", "ada@example.com"] == [1, 2, 3]
    ada = Contact.objects.get(email_key="ada@example.com")
    assert ada.extra == {"city": "Paris", "tags": ["x"]}
    assert [row["line"] for row in report(house, job)] == [2, 3, 4]


def test_as_many_rows_as_are_allowed_are_taken_however_long_they_are(house):
    rows = ({"email": f"{at}@example.com", "group": "A"} for at in range(10_000))
    response = post(house, *rows)
    assert response.status_code == 201, response.content
    assert response.json()["size"] > 10_000


def test_what_is_no_row_never_stops_the_others(house):
    good = {"email": "ada@example.com", "group": "A"}
    job = worked_at(house, post(house, "nobody", good, None, 7, [good], True))
    assert (job["state"], job["rows"], job["created"], job["rejected"]) == ("done", 6, 1, 5)
    found = report(house, job)
    assert {row["code"] for row in found} == {"not_an_object"}
    assert [(row["line"], row["value"][:8]) for row in found] == [
        (1, '"nobody"'),
        (3, "null"),
        (4, "7"),
        (5, '[{"email'),
        (6, "true"),
    ]
    job = worked_at(house, post(house, "nobody", "neither"))
    assert (job["state"], job["rejected"]) == ("done", 2)


def test_the_options_hold_for_all_rows(house):
    run_at = timezone.now() - timedelta(days=1)
    response = upload(
        house,
        table("email", "ada@example.com", house.contact.email),
        group=house.other_group.pk,
        run_at=run_at.isoformat(),
        scheduled_at="2026-03-01T08:00:00+01:00",
        reject_overlap="true",
    )
    job = worked_at(house, response)
    assert (job["group"], job["reject_overlap"]) == (house.other_group.pk, True)
    assert job["scheduled_at"] == "2026-03-01T07:00:00Z"
    ada = Contact.objects.get(email_key="ada@example.com")
    assert (ada.group, ada.scheduled_at) == (house.other_group, datetime(2026, 3, 1, 7, tzinfo=UTC))
    assert [row["code"] for row in report(house, job, rejected=True)] == ["overlap"]


def test_groups_are_made_where_that_is_asked_for(house):
    worked_at(house, post(house, {"email": "a@example.com", "group": "C"}, create_groups=True))
    assert ("C", "a@example.com") in contacts_of(house.campaign)


def test_an_import_is_not_begun_before_its_time(house):
    tomorrow = timezone.now() + timedelta(days=1)
    response = upload(house, TWO, run_at=tomorrow.isoformat())
    assert worked_at(house, response)["state"] == "waiting"
    with time_machine.travel(tomorrow + timedelta(seconds=1), tick=False):
        import_steps.work()
    assert ContactImport.objects.get().state == "done"


# -- What doesn't ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"name,city\nAda,Paris\n", "no_email"),
        (b"email,E-Mail\na@example.com,b@example.com\n", "twice"),
        (b"\x89PNG\r\n\x1a\n and so on", "foreign_format"),
        (b"PK\x03\x04 and no archive", "damaged"),
        (b'{"message": "not found"', "not_a_list"),
    ],
)
def test_a_file_that_can_not_be_right_is_refused_and_not_stored(house, content, code):
    before = stored()
    response = upload(house, content)
    assert_problem(response, 400, code, "file")
    assert response.json()["errors"][0]["detail"].endswith((".", ")"))
    assert not ContactImport.objects.exists()
    assert stored() == before


def stored() -> set:
    folder = settings.MEDIA_ROOT / "imports"
    return set(folder.iterdir()) if folder.exists() else set()


def test_a_file_that_is_longer_than_allowed_is_refused(house, settings):
    settings.MAX_IMPORT_BYTES = len(TWO)
    assert upload(house, TWO).status_code == 201
    assert_problem(upload(house, TWO + "\n"), 413, "too_large")


def test_a_field_of_a_form_may_not_be_as_long_as_a_file(house, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert upload(house, TWO + "\n" * 2000).status_code == 201
    assert_problem(upload(house, TWO, run_at="x" * 2000), 413, "too_large")


@pytest.mark.parametrize(
    ("contacts", "field", "code"),
    [
        ([], "contacts", "min_length"),
        ([{}] * 10_001, "contacts", "max_length"),
        ("ada@example.com", "contacts", "not_a_list"),
    ],
)
def test_rows_that_are_no_rows_are_refused(house, contacts, field, code):
    response = house.client.post(URL, {"campaign": house.campaign.pk, "contacts": contacts})
    assert_problem(response, 400, code, field)


@pytest.mark.parametrize("misspelt", ["dry-run", "dryrun", "Dry_run", "state", "\ud800"])
def test_a_misspelt_option_is_named_and_takes_nothing_in(house, misspelt):
    field = misspelt if misspelt != "\ud800" else "?"
    response = post(house, {"email": "ada@example.com", "group": "A"}, **{misspelt: True})
    assert_problem(response, 400, "unknown_field", field)
    assert "dry_run" in response.json()["errors"][0]["detail"]
    if field == misspelt:
        assert_problem(upload(house, TWO, **{misspelt: "true"}), 400, "unknown_field", field)
    assert_problem(upload(house, TWO, contacts="[]"), 400, "unknown_field", "contacts")
    assert not ContactImport.objects.exists()


def test_a_form_of_the_browsable_api_may_bring_its_own_token(house):
    assert upload(house, TWO, csrfmiddlewaretoken="x").status_code == 201


@pytest.mark.parametrize(
    ("options", "field", "code", "what_to_do"),
    [
        ({"file": "people.csv"}, "file", "invalid", "file=@people.csv"),
        ({"file": None}, "file", "required", "`contacts`"),
        ({"campaign": "Autumn news"}, "campaign", "invalid", "Give its id"),
        ({"group": "plain"}, "group", "invalid", "Give its id"),
        ({"dry_run": "maybe"}, "dry_run", "invalid", "Write true or false."),
    ],
)
def test_who_sends_something_else_is_told_what_to_send(house, options, field, code, what_to_do):
    sent = {"campaign": house.campaign.pk, "file": SimpleUploadedFile("a.csv", TWO.encode())}
    body = {name: value for name, value in (sent | options).items() if value is not None}
    response = house.client.post(URL, body, format="multipart")
    assert_problem(response, 400, code, field)
    assert what_to_do in response.json()["errors"][0]["detail"]


def test_who_sends_a_bare_file_is_told_how_to_send_it(house):
    response = house.client.post(URL, TWO, content_type="text/csv")
    assert_problem(response, 415, "unsupported_media_type")
    assert "file=@people.csv" in response.json()["detail"]


@pytest.mark.parametrize("option", ["run_at", "scheduled_at"])
def test_a_time_says_its_zone(house, option):
    for client_sends in (upload, post):
        rows = TWO if client_sends is upload else {"email": "ada@example.com"}
        response = client_sends(house, rows, **{option: "2026-11-30T08:00:00"})
        assert_problem(response, 400, "no_zone", option)
        response = client_sends(house, rows, **{option: "tomorrow"})
        assert_problem(response, 400, "invalid", option)
        assert "zone like" in response.json()["errors"][0]["detail"]
    assert not ContactImport.objects.exists()


def test_the_group_must_be_of_the_campaign(house):
    other = House(house.user)
    assert_problem(upload(house, TWO, group=other.group.pk), 400, "other_campaign", "group")


def test_another_teams_rows_do_not_exist(house):
    stranger = House()
    for option in ("campaign", "group"):
        theirs = {option: getattr(stranger, option).pk}
        assert_problem(upload(house, TWO, **theirs), 400, "does_not_exist", option)
    job = upload(house, TWO).json()
    for place in ("", "rows/", "rejected.csv"):
        assert stranger.client.get(f"{URL}{job['id']}/{place}").status_code == 404
    for verb in ("pause", "resume", "cancel", "retry", "run"):
        assert stranger.client.post(f"{URL}{job['id']}/{verb}/").status_code == 404
    assert stranger.client.delete(f"{URL}{job['id']}/").status_code == 404
    assert stranger.client.get(URL).json()["results"] == []


def test_an_import_goes_out_of_sight_with_its_campaign(house):
    address = upload(house, TWO)["Location"]
    house.campaign.remove()
    assert house.client.get(address).status_code == 404
    import_steps.work()
    assert not Contact.objects.filter(email_key="ada@example.com").exists()


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
