"""What a contact import makes of its rows."""

from datetime import UTC, datetime

import pytest

from campaigns import import_steps
from campaigns.models import Contact, ContactColumn, ContactImport, ErasedAddress
from campaigns.tests.factories import make_campaign, make_contact
from campaigns.tests.importing import contacts_of, figures, reported, send, table, take_in

pytestmark = pytest.mark.django_db
SOON = datetime(2026, 3, 1, 7, tzinfo=UTC)
State = ContactImport.State


@pytest.fixture
def campaign():
    return make_campaign(pixels_per_contact=2)


@pytest.fixture
def test_of_two():
    return make_campaign(group_names=("A", "B"))


# -- Good rows -------------------------------------------------------------------------------------
def test_each_row_becomes_a_contact_with_its_pixels(campaign):
    job = take_in(
        campaign,
        table(
            "email,name,external_id,scheduled_at,sent_at,pixels",
            "ada@example.com,Ada,crm-1,2026-03-01T08:00:00+01:00,2026-03-01T07:00:01Z,3",
            " Bob@EXAMPLE.com ,,,,,",
        ),
    )
    assert (job.state, job.percent, job.problem) == (State.DONE, 100, "")
    assert figures(job) == {"rows": 2, "created": 2}
    assert contacts_of(campaign) == {
        ("A", "ada@example.com"): [1, 2, 3],
        ("A", "Bob@example.com"): [1, 2],
    }
    ada, bob = Contact.objects.order_by("email_key")
    assert (ada.name, ada.external_id) == ("Ada", "crm-1")
    assert (ada.scheduled_at, ada.sent_at.second) == (SOON, 1)
    assert (bob.scheduled_at, bob.sent_at) == (job.run_at, None)


def test_rows_without_a_time_are_scheduled_when_the_import_says(campaign):
    take_in(campaign, table("email", "ada@example.com"), scheduled_at=SOON)
    assert Contact.objects.get().scheduled_at == SOON


@pytest.mark.parametrize("header", ["E-Mail", "EMAIL address", "mail", " e_mail ", "Email"])
def test_the_column_of_the_address_goes_by_many_names(campaign, header):
    assert figures(take_in(campaign, table(header, "ada@example.com"))) == {"rows": 1, "created": 1}


def test_rows_of_json_are_taken_in_as_well(campaign):
    job = take_in(campaign, [{"email": "ada@example.com", "pixels": 1}, {"email": 7}])
    assert contacts_of(campaign) == {("A", "ada@example.com"): [1]}
    assert reported(job) == [(2, "invalid", "email", "7")]


# -- Again -----------------------------------------------------------------------------------------
def test_the_same_file_again_changes_nothing(campaign):
    file = table("email,name,city", "ada@example.com,Ada,Paris", "bob@example.com,Bob,Rome")
    take_in(campaign, file)
    before = list(Contact.objects.order_by("pk").values())
    assert figures(take_in(campaign, file)) == {"rows": 2, "unchanged": 2}
    assert list(Contact.objects.order_by("pk").values()) == before


def test_what_has_changed_is_brought_up_to_date_and_the_pixels_stay(campaign):
    take_in(campaign, table("email,name", "ada@example.com,Ada", "bob@example.com,Bob"))
    pixels = set(campaign.groups.get().contacts.values_list("pixels__uuid", flat=True))
    again = table(
        "email,name,scheduled_at",
        "ADA@example.com,Ada L.,",
        "bob@example.com,,2026-03-01T07:00:00Z",
    )
    assert figures(take_in(campaign, again)) == {"rows": 2, "updated": 2}
    ada, bob = Contact.objects.order_by("email_key")
    assert (ada.email, ada.name) == ("ADA@example.com", "Ada L.")
    assert (bob.name, bob.scheduled_at) == ("Bob", SOON)  # an empty cell takes nothing away
    assert set(Contact.objects.values_list("pixels__uuid", flat=True)) == pixels


def test_a_moment_for_the_whole_import_holds_for_known_contacts_too(campaign):
    take_in(campaign, table("email", "ada@example.com"))
    job = take_in(campaign, table("email", "ada@example.com"), scheduled_at=SOON)
    assert figures(job) == {"rows": 1, "updated": 1}


# -- Columns that there is no field for --------------------------------------------------------
def test_other_columns_are_kept_with_the_contact_and_added_to(campaign):
    take_in(campaign, table("email,City,vip", "ada@example.com,Paris,yes"))
    take_in(campaign, table("email,city,Plan", "ada@example.com,Rome,"))
    assert Contact.objects.get().extra == {"City": "Rome", "vip": "yes"}
    assert list(ContactColumn.objects.values_list("name", flat=True)) == ["City", "vip"]


def test_columns_of_our_own_files_are_passed_over(campaign):
    header = "email,group,pixel_1_url,pixel_1_html,rejected_line,rejected_because"
    take_in(campaign, table(header, "ada@example.com,A,https://x/p/y.gif,<img>,7,so"))
    assert Contact.objects.get().extra == {}


def test_a_campaign_keeps_so_many_columns_and_no_more(campaign):
    columns = [f"c{number}" for number in range(100)]
    take_in(campaign, [{"email": "ada@example.com"} | dict.fromkeys(columns, 1)])
    job = take_in(campaign, [{"email": "bob@example.com", "c100": 1}, {"email": "c@example.com"}])
    assert reported(job) == [(1, "too_many_columns", "c100", "1")]
    assert figures(job) == {"rows": 2, "created": 1, "rejected": 1}


# -- Bad rows --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("header", "cell", "code"),
    [
        ("name", "Ada", "required"),
        ("email", "ada.example.com", "invalid"),
        ("email", "ada@localhost", "invalid"),
        ("email", "erased-7@erased.invalid", "invalid"),
        ("name", "x" * 201, "max_length"),
        ("name", "A\x00da", "invalid"),
        ("external_id", "x" * 201, "max_length"),
        ("scheduled_at", "01.03.2026", "invalid"),
        ("scheduled_at", "2026-03-01T08:00:00", "no_zone"),
        ("scheduled_at", "0001-01-01T00:00:00+23:00", "year"),
        ("sent_at", "soon", "invalid"),
        ("pixels", "0", "invalid"),
        ("pixels", "11", "invalid"),
        ("pixels", "²", "invalid"),
        ("group", "C", "does_not_exist"),
    ],
)
def test_a_bad_cell_rejects_its_row_alone_and_says_where(campaign, header, cell, code):
    if header == "email" or code == "required":
        rows = table("email,name", "ada@example.com,A", f"{cell if header == 'email' else ''},B")
    else:
        rows = table(f"email,{header}", "ada@example.com,", f'bob@example.com,"{cell}"')
    job = take_in(campaign, rows + "zoe@example.com\n")
    [(line, found, column, value)] = reported(job)
    assert (line, found) == (3, code)
    assert column == ("email" if code == "required" else header)
    if code != "required":
        assert value == (cell[:199] + "…" if len(cell) > 200 else cell.replace("\x00", "\ufffd"))
    assert figures(job) == {"rows": 3, "created": 2, "rejected": 1}
    assert job.reported_rows.get().detail


def test_of_one_address_twice_in_a_file_the_first_counts(campaign):
    job = take_in(
        campaign,
        table("email,name", "ada@example.com,Ada", "x", "ADA@Example.com,Eve", "ada@example.com,"),
    )
    assert [row[:2] for row in reported(job)] == [
        (3, "invalid"),
        (4, "duplicate"),
        (5, "duplicate"),
    ]
    assert "Line 2 " in job.reported_rows.get(line=5).detail
    assert Contact.objects.get().name == "Ada"


def test_a_rejected_row_does_not_make_the_next_one_a_duplicate(campaign):
    job = take_in(campaign, table("email,pixels", "ada@example.com,99", "ada@example.com,1"))
    assert figures(job) == {"rows": 2, "created": 1, "rejected": 1}


def test_the_mailbox_of_a_role_is_taken_in_and_listed(campaign):
    job = take_in(campaign, table("email", "info@example.com"))
    assert figures(job) == {"rows": 1, "created": 1, "noted": 1}
    assert reported(job, rejected=False) == [(2, "role_account", "email", "info@example.com")]


def test_an_erased_person_stays_away_and_is_not_named(campaign):
    ErasedAddress.objects.remember(campaign.team_id, "ada@example.com")
    job = take_in(campaign, table("email,name", "Ada@example.com,Ada", "bob@example.com,Bob"))
    assert reported(job) == [(2, "erased", "email", "")]
    row = job.reported_rows.get()
    assert (row.row, row.email_key) == (None, "")
    assert figures(job) == {"rows": 2, "created": 1, "rejected": 1}


def test_no_row_of_an_erased_person_is_kept_whatever_is_wrong_with_it(campaign):
    ErasedAddress.objects.remember(campaign.team_id, "ada@example.com")
    rows = table("email,pixels", "ada@example.com,1", "ada@example.com,2", "Ada@example.com,99")
    job = take_in(campaign, rows)
    assert [row[1] for row in reported(job)] == ["erased", "duplicate", "invalid"]
    assert set(job.reported_rows.values_list("value", "row", "email_key")) == {("", None, "")}


def test_a_dry_run_knows_erased_persons_also_in_a_group_to_be_made(campaign):
    ErasedAddress.objects.remember(campaign.team_id, "ada@example.com")
    rows = table("email,group", "ada@example.com,New")
    options = {"create_groups": True}
    dry, real = take_in(campaign, rows, dry_run=True, **options), take_in(campaign, rows, **options)
    assert figures(dry) == figures(real) == {"rows": 1, "rejected": 1}


# -- Groups ----------------------------------------------------------------------------------------
def test_rows_name_their_group_in_any_case(test_of_two):
    rows = table("email,group", "ada@example.com,A", "bob@example.com,b", "eve@example.com,")
    job = take_in(test_of_two, rows)
    assert set(contacts_of(test_of_two)) == {("A", "ada@example.com"), ("B", "bob@example.com")}
    assert [row[:3] for row in reported(job)] == [(4, "required", "group")]


def test_an_import_for_one_group_takes_no_row_of_another(test_of_two):
    group = test_of_two.groups.get(name="B")
    rows = table("email,group", "ada@example.com,A", "bob@example.com,b", "eve@example.com,")
    job = take_in(test_of_two, rows, group=group)
    assert set(contacts_of(test_of_two)) == {("B", "bob@example.com"), ("B", "eve@example.com")}
    assert reported(job) == [(2, "other_group", "group", "A")]


def test_groups_are_made_where_that_is_wanted(campaign):
    rows = table("email,group", "ada@example.com,New", "bob@example.com,new")
    assert figures(take_in(campaign, rows, dry_run=True, create_groups=True))["created"] == 2
    assert campaign.groups.count() == 1
    take_in(campaign, rows, create_groups=True)
    assert set(contacts_of(campaign)) == {("New", "ada@example.com"), ("New", "bob@example.com")}


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("before", [True, False])
def test_an_address_in_another_group_is_taken_in_and_listed(test_of_two, before, dry_run):
    rows = ["ada@example.com,B"]
    if before:
        make_contact(test_of_two.groups.get(name="A"), email="Ada@example.com")
    else:
        rows.insert(0, "ada@example.com,A")
    job = take_in(test_of_two, table("email,group", *rows), dry_run=dry_run)
    assert [row[1] for row in reported(job, rejected=False)] == ["overlap"]
    assert figures(job)["created"] == len(rows)


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("before", [True, False])
def test_an_address_in_another_group_is_rejected_where_that_is_wanted(test_of_two, before, dry_run):
    rows = ["ada@example.com,B"]
    if before:
        make_contact(test_of_two.groups.get(name="A"), email="ada@example.com")
    else:
        rows.insert(0, "ada@example.com,A")
    job = take_in(test_of_two, table("email,group", *rows), reject_overlap=True, dry_run=dry_run)
    assert [row[1] for row in reported(job)] == ["overlap"]
    assert ("B", "ada@example.com") not in contacts_of(test_of_two)


# -- A dry run -------------------------------------------------------------------------------------
def test_a_dry_run_reports_the_same_and_takes_in_nothing(campaign):
    make_contact(campaign.groups.get(), email="old@example.com")
    rows = table(
        "email,name,city",
        *("ada@example.com,Ada,Paris", "old@example.com,New name,", "x,,", "ada@example.com,,"),
        "info@example.com,,",
    )
    before = contacts_of(campaign)
    dry = take_in(campaign, rows, dry_run=True)
    assert contacts_of(campaign) == before
    assert not ContactColumn.objects.exists()
    real = take_in(campaign, rows)
    assert figures(dry) == figures(real)
    assert reported(dry) == reported(real)
    assert reported(dry, rejected=False) == reported(real, rejected=False)


def test_after_a_dry_run_the_same_file_is_run_for_real(campaign):
    dry = take_in(campaign, table("email", "ada@example.com"), dry_run=True, scheduled_at=SOON)
    real = dry.run(by="Ada")
    assert (real.state, real.name, real.created_by) == (State.WAITING, "people.csv", "Ada")
    assert figures(real) == {}
    send(campaign, "email\n")  # another one beside it

    import_steps.work()
    assert Contact.objects.get().scheduled_at == SOON
    dry.refresh_from_db()
    assert not dry.file


# -- The file as a whole ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ("name,city\nAda,Paris\n", "no column called email"),
        ("email,E-Mail\nada@example.com,b@example.com\n", "Two columns"),
        (b"PK\x03\x04 and no archive", ""),
    ],
)
def test_a_file_that_can_not_be_read_makes_the_import_fail_and_says_why(campaign, content, words):
    job = take_in(campaign, content)
    assert job.state == State.FAILED
    assert words in job.problem
    assert job.problem.endswith((".", ")"))
    assert not Contact.objects.exists()


def test_remarks_say_what_became_of_the_row_or_would_become_of_it(test_of_two):
    rows = table("email,group", "info@example.com,A", "ada@example.com,A", "ada@example.com,B")
    dry, real = take_in(test_of_two, rows, dry_run=True), take_in(test_of_two, rows)
    for job, words in ((dry, "It would be taken in"), (real, "It was taken in")):
        remarks = job.reported_rows.filter(rejected=False).values_list("detail", flat=True)
        assert len(remarks) == 2
        assert all(words in remark for remark in remarks)


@pytest.mark.parametrize("content", ["email,name\n", "[]", '{"contacts": []}'])
def test_a_file_without_rows_is_remarked_on(campaign, content):
    job = send(campaign, content)
    assert job.remarks == []
    import_steps.work()
    job.refresh_from_db()
    assert job.state == State.DONE
    [remark] = job.remarks
    assert remark.startswith("The file has no rows")
    assert take_in(campaign, "email\nada@example.com\n").remarks == []


def test_what_comes_before_a_break_in_json_is_taken_in(campaign):
    job = take_in(campaign, '[{"email": "ada@example.com"}, {"email": "bob@exam')
    assert job.state == State.FAILED
    assert job.problem
    assert figures(job) == {"rows": 1, "created": 1}
