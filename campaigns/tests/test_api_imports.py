"""Contact imports by the API: what is taken in, and what is refused."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.tests.people import assert_problem
from campaigns import import_steps
from campaigns.models import Contact, ContactImport
from campaigns.tests.house import House
from campaigns.tests.import_requests import TWO, URL, post, report, upload, worked_at, zipped
from campaigns.tests.importing import contacts_of, table

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    return House()


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


@pytest.mark.parametrize("address", [f"{URL}?dry_run=true", f"{URL}?group=1&dry_run=1"])
def test_an_option_in_the_address_is_refused(house, address):
    body = {"campaign": house.campaign.pk, "contacts": [{"email": "ada@example.com"}]}
    response = house.client.post(address, json.dumps(body), content_type="application/json")
    assert response.status_code == 400
    assert not ContactImport.objects.exists()


@pytest.mark.parametrize(
    "options",
    [
        {"dry_run": ""},
        {"dry_run": ["true", "false"]},
        {
            "file": [
                SimpleUploadedFile("a.csv", b"email\n"),
                SimpleUploadedFile("b.csv", b"email\n"),
            ]
        },
    ],
)
def test_what_a_form_leaves_open_is_refused(house, options):
    assert upload(house, TWO, **options).status_code == 400
    assert not ContactImport.objects.exists()
