"""Contact imports in the admin: what their pages and lists show, and rejected rows given back."""

import csv
import io

import pytest
from django.contrib.admin.models import LogEntry

from accounts.tests.staff import admin_client, make_staff, page, said, signed_in
from campaigns import import_steps
from campaigns.models import Contact, ContactImport, ReportedRow
from campaigns.tests.factories import make_campaign, make_contact
from campaigns.tests.import_pages import (
    LIST,
    MODELS,
    State,
    address,
    make_import,
    stored_files,
    upload,
)
from campaigns.tests.importing import send, table, take_in

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    return make_staff(models=MODELS)


# -- Watching it -----------------------------------------------------------------------------------
def test_the_page_and_its_script_are_told_the_same_figures(admin_client):
    job = take_in(make_campaign(), LIST)
    ContactImport.objects.filter(pk=job.pk).update(
        state=State.RUNNING, rows=1_200_000, created=1_199_999, seconds=400, bytes_read=40,
        bytes_total=160,
    )  # fmt: skip
    told = admin_client.get(address("progress", job)).json()
    figures = told.pop("figures")
    assert told == {
        "state": "running",
        "ended": False,
        "percent": 25,
        "sentence": "Running: rows are being taken in.",
    }
    assert figures["rows seen"] == "1,200,000"
    assert figures["created"] == "1,199,999"
    assert figures["rejected"] == "1"
    assert figures["rows per second"] == "3,000"
    assert figures["time left"] == "20 min"
    text = admin_client.get(page(ContactImport, "change", job.pk)).text
    assert '<progress max="100" value="25"' in text
    for label, figure in figures.items():
        assert f'<dt>{label}</dt><dd data-figure="{label}">{figure}</dd>' in text
    assert "data-ended" not in text


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (State.WAITING, "Waiting for a worker."),
        (State.RUNNING, "Running: looking through the file."),
        (State.PAUSED, "Paused."),
        (State.DONE, "Done. It was a dry run: nothing was taken in."),
        (State.FAILED, "Failed: This is a PDF, not a list. Send the contacts as CSV or JSON."),
        (State.CANCELLED, "Cancelled. What was taken in stays."),
    ],
)
def test_each_state_is_told_in_a_sentence(admin_client, state, sentence):
    job = make_import(state)
    told = admin_client.get(address("progress", job)).json()
    assert told["sentence"] == sentence
    assert told["ended"] is (state in ContactImport.ENDED)
    assert sentence in admin_client.get(page(ContactImport, "change", job.pk)).text


def test_progress_is_never_taken_from_a_cache(admin_client):
    reply = admin_client.get(address("progress", make_import(State.WAITING)))
    assert "no-store" in reply.headers["Cache-Control"]


def test_once_sent_an_import_cannot_be_edited(admin_client):
    job = make_import(State.WAITING)
    text = admin_client.get(page(ContactImport, "change", job.pk)).text
    assert "_save" not in text
    assert admin_client.post(page(ContactImport, "change", job.pk), {}).status_code == 403


def test_remarks_about_the_file_are_on_its_page(admin_client):
    job = take_in(make_campaign(), "email,name\nada@example.com,Zoë\n".encode("latin-1"))
    assert job.remarks
    text = admin_client.get(page(ContactImport, "change", job.pk)).text
    assert all(remark in text for remark in job.remarks)


# -- Rejected rows ---------------------------------------------------------------------------------
def test_the_page_shows_the_first_rejected_rows_and_leads_to_all(admin_client, monkeypatch):
    monkeypatch.setattr("campaigns.admin.contact_import.ROWS_SHOWN", 2)
    rows = [f"wrong <b>{number},{number}" for number in range(3)]
    job = take_in(
        make_campaign(), table("email,name", *rows, "info@example.com,", "ok@example.com,")
    )
    text = admin_client.get(page(ContactImport, "change", job.pk)).text
    shown = text.partition('class="import-rows"')[2].partition("</table>")[0]
    assert shown.count("<tr>") == 1 + 2
    assert "<td>email</td><td>wrong &lt;b&gt;0</td>" in shown
    assert "The first 2." in text
    whole = f"{page(ReportedRow)}?contact_import={job.pk}&amp;rejected__exact="
    assert f'href="{whole}1"' in text
    assert f'href="{whole}0"' in text
    for rejected, lines in {"1": [2, 3, 4], "0": [5]}.items():
        query = {"contact_import": job.pk, "rejected__exact": rejected}
        listed = admin_client.get(page(ReportedRow), query).context["cl"].result_list
        assert [row.line for row in listed] == lines


def test_reported_rows_are_filtered_by_import_and_code(admin_client):
    one = take_in(make_campaign(), table("email,pixels", ",1", "ada@example.com,99", ",2"))
    other = take_in(make_campaign(), LIST)
    codes = set(one.reported_rows.values_list("code", flat=True))
    assert len(codes) == 2
    reply = admin_client.get(page(ReportedRow), {"contact_import": one.pk})
    assert [row.line for row in reply.context["cl"].result_list] == [2, 3, 4]
    assert all(f"code={code}" in reply.text for code in codes)
    query = {"contact_import": one.pk, "code": one.reported_rows.get(line=3).code}
    [row] = admin_client.get(page(ReportedRow), query).context["cl"].result_list
    assert (row.contact_import, row.line) == (one, 3)
    assert len(admin_client.get(page(ReportedRow)).context["cl"].result_list) == 4
    assert admin_client.get(page(ReportedRow, "change", row.pk)).status_code == 200
    assert admin_client.post(page(ReportedRow, "delete", row.pk)).status_code == 403
    for nonsense in ("x", "-1", "9" * 40):
        reply = admin_client.get(page(ReportedRow), {"contact_import": nonsense})
        assert reply.url == page(ReportedRow) + "?e=1"
    assert other.reported_rows.count() == 1


def test_reported_rows_of_an_import_stand_as_in_its_file(admin_client):
    rows = table("email", "wrong", "info@example.com", "wrong")
    job = take_in(make_campaign(), rows)
    silent = take_in(make_campaign(), table("email", "ada@example.com"))
    reply = admin_client.get(page(ReportedRow), {"contact_import": job.pk})
    assert [row.line for row in reply.context["cl"].result_list] == [2, 3, 4]
    assert f"contact_import={job.pk}" in reply.text
    assert f"contact_import={silent.pk}" not in reply.text


def rejected_file(client, job, **query) -> list[dict]:
    reply = client.get(address("rejected", job), query)
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert reply.headers["Content-Disposition"].startswith("attachment; ")
    text = b"".join(reply.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_rejected_rows_are_downloaded_mended_and_sent_again(admin_client):
    campaign = make_campaign()
    file = table("email;name;city", "ada@example.com;Ada;Paris", "bob(at)example.com;Bob;Córdoba")
    job = take_in(campaign, file)
    [row] = rejected_file(admin_client, job)
    assert row == {"email": "bob(at)example.com", "name": "Bob", "city": "Córdoba"}
    [reasoned] = rejected_file(admin_client, job, reasons="1")
    assert reasoned.keys() == {*row, "rejected_line", "rejected_because"}
    assert reasoned["rejected_line"] == "3"

    mended = reasoned | {"email": "bob@example.com"}
    again = io.StringIO(newline="")
    csv.writer(again).writerows([mended.keys(), mended.values()])
    upload(admin_client, campaign, again.getvalue())
    import_steps.work()
    bob = Contact.objects.get(email="bob@example.com")
    assert (bob.name, bob.extra) == ("Bob", {"city": "Córdoba"})


def test_rows_that_are_not_kept_any_more_are_not_offered(admin_client):
    job = take_in(make_campaign(), LIST)
    job.forget()
    text = admin_client.get(page(ContactImport, "change", job.pk)).text
    assert "The rejected rows are not kept any more." in text
    assert address("rejected", job) not in text


# -- Deletion and history --------------------------------------------------------------------------
@pytest.mark.parametrize("in_bulk", [False, True])
def test_an_import_is_deleted_when_it_has_ended(
    admin_client, in_bulk, django_capture_on_commit_callbacks
):
    def delete(job):
        selected = {"action": "delete_selected", "_selected_action": job.pk, "post": "yes"}
        with django_capture_on_commit_callbacks(execute=True):
            if in_bulk:
                return admin_client.post(page(ContactImport), selected)
            return admin_client.post(page(ContactImport, "delete", job.pk), {"post": "yes"})

    before = stored_files()
    job = take_in(make_campaign(), LIST, dry_run=True)
    waiting = make_import(State.WAITING)
    assert "Reported rows: 1" in admin_client.get(page(ContactImport, "delete", job.pk)).text
    delete(job)
    assert [*ContactImport.objects.all()] == [waiting]
    assert not ReportedRow.objects.exists()
    assert len(stored_files()) == len(before) + 1
    assert "deletelink" not in admin_client.get(page(ContactImport, "change", waiting.pk)).text
    assert "so it can't be deleted before it is cancelled" in said(delete(waiting))
    assert [*ContactImport.objects.all()] == [waiting]


def test_the_history_names_no_file_and_no_address(admin_client):
    campaign = make_campaign()
    upload(admin_client, campaign, name="ada@example.com.csv")
    job = ContactImport.objects.get()
    admin_client.post(address("pause", job))
    admin_client.post(address("cancel", job))
    admin_client.post(page(ContactImport, "delete", job.pk), {"post": "yes"})
    assert not ContactImport.objects.exists()
    entries = LogEntry.objects.order_by("pk").values_list("object_repr", "change_message")
    assert [name for name, _ in entries] == [f"contact import {job.pk}"] * 4
    assert [message for _, message in entries[1:3]] == ["Pause.", "Cancel."]
    assert "@" not in "".join(map(str, entries))


# -- Lists -----------------------------------------------------------------------------------------
def test_imports_are_filtered_by_state_campaign_and_dry_run(admin_client):
    done, waiting = take_in(make_campaign(), LIST, dry_run=True), send(make_campaign(), LIST)
    for query, found in {
        (("state__exact", "done"),): [done],
        (("campaign", str(waiting.campaign_id)),): [waiting],
        (("dry_run__exact", "1"),): [done],
        (("q", "people"),): [waiting, done],
    }.items():
        listed = admin_client.get(page(ContactImport), dict(query))
        assert [*listed.context["cl"].result_list] == found
    assert "100 %" in admin_client.get(page(ContactImport)).text


def test_the_list_tells_dry_runs_from_others_and_has_the_ids_that_commands_ask_for(admin_client):
    dry, real = take_in(make_campaign(), LIST, dry_run=True), take_in(make_campaign(), LIST)
    ContactImport.objects.filter(pk=real.pk).update(created=1_200_000, rejected=4_321)
    text = admin_client.get(page(ContactImport)).text
    assert text.count("Done (dry run)</td>") == 1
    assert text.count("Done</td>") == 1
    assert all(f'field-id">{job.pk}</td>' in text for job in (dry, real))
    assert "1,200,000" in text
    assert "4,321" in text
    own = admin_client.get(page(ContactImport, "change", real.pk)).text
    assert f'<div class="readonly">{real.pk}</div>' in own


@pytest.mark.parametrize("who", ["superuser", "member"])
@pytest.mark.parametrize("model", [ContactImport, ReportedRow], ids=lambda model: model.__name__)
def test_lists_ask_the_same_number_of_questions_whatever_their_length(
    admin_client, anna, who, model, django_assert_max_num_queries
):
    client = admin_client if who == "superuser" else signed_in(anna)
    for target in (1, 10):
        while ContactImport.objects.count() < target:
            take_in(make_campaign(anna.own_team), LIST)
        with django_assert_max_num_queries(14):
            assert client.get(page(model)).context["cl"].result_count == target


def test_the_page_of_an_import_asks_the_same_however_many_rows_were_rejected(
    admin_client, django_assert_max_num_queries
):
    campaign = make_campaign()
    for number in (1, 40):
        job = take_in(campaign, table("email", *["wrong"] * number))
        with django_assert_max_num_queries(6):
            text = admin_client.get(page(ContactImport, "change", job.pk)).text
        assert text.count("<td>wrong</td>") == number
        with django_assert_max_num_queries(4):
            admin_client.get(address("progress", job))


def test_reported_rows_are_not_counted_to_the_end(admin_client, monkeypatch):
    monkeypatch.setattr("accounts.paginator.BoundedPaginator.MOST", 3)
    take_in(make_campaign(), table("email", *["wrong"] * 5))
    assert "3+ reported rows" in admin_client.get(page(ReportedRow)).text


def test_the_import_of_a_removed_campaign_is_out_of_sight(admin_client):
    contact = make_contact()
    campaign = contact.group.campaign
    job = take_in(campaign, LIST)
    campaign.remove()
    assert admin_client.get(address("progress", job)).status_code == 404
    assert [*admin_client.get(page(ContactImport)).context["cl"].result_list] == []
