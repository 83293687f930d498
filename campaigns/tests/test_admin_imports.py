"""Contact imports in the admin: sent, watched, steered, and their rejected rows given back."""

import csv
import io

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.tests.staff import admin_client, make_staff, page, said, signed_in
from campaigns import import_steps
from campaigns.models import Campaign, Contact, ContactImport, Group, ReportedRow
from campaigns.tests.factories import make_campaign, make_contact
from campaigns.tests.importing import contacts_of, send, table, take_in

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db

State = ContactImport.State
MODELS = [Campaign, Group, Contact, ContactImport, ReportedRow]
LIST = table("email,name", "ada@example.com,Ada", "no address,Bob", "bob@example.com,Bob")
VERBS = ("pause", "resume", "cancel", "retry", "run")
TO_LOOK_AT = ("progress", "rejected")


def address(what: str, job: ContactImport) -> str:
    return reverse(f"admin:campaigns_contactimport_{what}", args=[job.pk])


def upload(client, campaign, content=LIST, name="people.csv", **fields):
    content = content if isinstance(content, bytes) else content.encode()
    data = {"file": SimpleUploadedFile(name, content), "campaign": campaign.pk} | fields
    return client.post(page(ContactImport, "add"), data)


def stored_files() -> list[str]:
    storage = ContactImport._meta.get_field("file").storage
    return storage.listdir("imports")[1] if storage.exists("imports") else []


# -- Sending a file --------------------------------------------------------------------------------
def test_a_file_that_is_sent_waits_for_a_worker(admin_client):
    campaign = make_campaign(group_names=("A", "B"))
    group = campaign.groups.get(name="B")
    when = {"scheduled_at_0": "2026-03-01", "scheduled_at_1": "08:00"}
    reply = upload(admin_client, campaign, group=group.pk, reject_overlap="on", **when)
    job = ContactImport.objects.get()
    assert reply.url == page(ContactImport, "change", job.pk)
    assert (job.state, job.name, job.size) == (State.WAITING, "people.csv", len(LIST))
    assert (job.campaign, job.group, job.created_by) == (campaign, group, "admin")
    assert (job.reject_overlap, job.create_groups, job.dry_run) == (True, False, False)
    assert f"{job.scheduled_at:%Y-%m-%d %H:%M %Z}" == "2026-03-01 08:00 UTC"
    import_steps.work()
    assert set(contacts_of(campaign)) == {("B", "ada@example.com"), ("B", "bob@example.com")}


def test_an_import_is_not_begun_before_the_time_that_was_given(admin_client):
    campaign = make_campaign()
    upload(admin_client, campaign, run_at_0="2999-12-31", run_at_1="08:00:00")
    import_steps.work()
    job = ContactImport.objects.get()
    assert job.state == State.WAITING
    text = admin_client.get(page(ContactImport, "change", job.pk)).text
    assert "Waiting until 2999-12-31 08:00 UTC." in text


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "The file is empty. Look whether it was exported to its end"),
        (b"\n \n", "The file is empty."),
        (b"%PDF-1.7 \xff", "This is a PDF, not a list."),
        (b"name,city\nAda,Paris\n", "Rename the one that has the addresses. It has: name, city."),
        (b"\x7fELF\x02\x01\x01\0\0\0\xff\n" + bytes(range(256)), "This is no text file."),
        (b"\x01a\xff,\x01a\xff\n", "This is no text file."),
        (b'\x03\x9e,,"\x00x\xfe', "This is no text file."),
        (b"email,E-Mail\na,b\n", "Two columns of the file are for email. Leave one."),
        (b"email\n" + b"x" * 2000, "The file is larger than"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused_on_the_page(
    admin_client, settings, content, complaint
):
    settings.MAX_IMPORT_BYTES = 1024
    before = stored_files()
    reply = upload(admin_client, make_campaign(), content)
    assert reply.status_code == 200
    assert complaint in reply.context["adminform"].form.errors["file"][0]
    assert not ContactImport.objects.exists()
    assert stored_files() == before


def test_the_form_sends_by_a_button_called_import(admin_client):
    text = admin_client.get(page(ContactImport, "add")).text
    assert '<input type="submit" value="Import"' in text
    assert text.count('type="submit"') == 1 + text.count("Log out</button>")
    assert "sent_at" in text
    fields = [text.index(f'id="id_{name}') for name in ("file", "group", "dry_run", "run_at")]
    assert fields == sorted(fields)
    reply = upload(admin_client, make_campaign(name="Spring"))
    assert said(reply) == "The file was sent. This page shows what becomes of it."


def test_the_group_must_be_of_the_campaign(admin_client):
    group = make_campaign().groups.get()
    reply = upload(admin_client, make_campaign(), group=group.pk)
    errors = reply.context["adminform"].form.errors
    assert errors == {"group": ["This group belongs to another campaign."]}
    assert not ContactImport.objects.exists()


def test_a_link_from_the_campaign_chooses_it(admin_client):
    campaign = make_campaign(name="Chosen")
    add = f"{page(ContactImport, 'add')}?campaign={campaign.pk}"
    imports = f"{page(ContactImport)}?campaign={campaign.pk}"
    text = admin_client.get(page(Campaign, "change", campaign.pk)).text
    assert f'href="{add}"' in text
    assert f'href="{imports}"' in text
    text = admin_client.get(add).text
    assert f'<option value="{campaign.pk}" selected>Chosen</option>' in text
    assert "<progress" not in text
    for nonsense in ("x", "9" * 40, "0", "²"):
        reply = admin_client.get(page(ContactImport, "add"), {"campaign": nonsense, "run_at": "x"})
        assert reply.status_code == 200


# -- Whose imports ---------------------------------------------------------------------------------
@pytest.fixture
def anna():
    return make_staff(models=MODELS)


def test_members_see_and_steer_the_imports_of_their_teams_only(anna):
    client = signed_in(anna)
    ours = take_in(make_campaign(anna.own_team, name="Ours"), LIST)
    theirs = take_in(make_campaign(name="Theirs"), LIST, name="theirs.csv", dry_run=True)
    listed = client.get(page(ContactImport))
    assert [*listed.context["cl"].result_list] == [ours]
    assert "heirs" not in listed.text
    [row] = ours.reported_rows.all()
    assert [*client.get(page(ReportedRow)).context["cl"].result_list] == [row]
    other = {"contact_import": theirs.pk}
    assert [*client.get(page(ReportedRow), other).context["cl"].result_list] == []
    for what in TO_LOOK_AT:
        assert client.get(address(what, ours)).status_code == 200
        assert client.get(address(what, theirs)).status_code == 404
    for verb in VERBS:
        assert client.post(address(verb, theirs)).status_code == 404
    for what in ("change", "delete", "history"):
        assert client.get(page(ContactImport, what, theirs.pk)).url == "/admin/"
    client.post(page(ContactImport, "delete", theirs.pk), {"post": "yes"})
    delete = {"action": "delete_selected", "post": "yes", "_selected_action": theirs.pk}
    client.post(page(ContactImport), delete)
    theirs.refresh_from_db()
    assert (theirs.state, theirs.reported_rows.count()) == (State.DONE, 1)
    assert ContactImport.objects.count() == 2


def test_members_cannot_send_files_to_the_campaigns_of_other_teams(anna):
    theirs = make_campaign(name="Theirs", group_names=["Their group"])
    reply = upload(signed_in(anna), theirs, group=theirs.groups.get().pk)
    assert set(reply.context["adminform"].form.errors) == {"campaign", "group"}
    assert "Their" not in reply.text
    chosen = signed_in(anna).get(page(ContactImport, "add"), {"campaign": theirs.pk})
    assert "Their" not in chosen.text
    assert not ContactImport.objects.exists()


def test_staff_without_permission_are_turned_away():
    bert = make_staff("bert", models=[Campaign, Group, Contact])
    campaign = make_campaign(bert.own_team)
    job = take_in(campaign, LIST, dry_run=True)
    client = signed_in(bert)
    for what in TO_LOOK_AT:
        assert client.get(address(what, job)).status_code == 403
    for verb in VERBS:
        assert client.post(address(verb, job)).status_code == 403
    assert client.get(page(ContactImport)).status_code == 403
    assert client.get(page(ReportedRow)).status_code == 403
    assert client.get(page(ContactImport, "change", job.pk)).status_code == 403
    assert client.post(page(ContactImport, "delete", job.pk), {"post": "yes"}).status_code == 403
    assert upload(client, campaign).status_code == 403
    text = client.get(page(Campaign, "change", campaign.pk)).text
    assert "Import contacts" not in text
    assert page(ContactImport) not in text


def test_whoever_may_only_look_gets_no_buttons():
    bert = make_staff("bert", models=MODELS, actions=["view"])
    job = send(make_campaign(bert.own_team), LIST)
    client = signed_in(bert)
    text = client.get(page(ContactImport, "change", job.pk)).text
    assert "Waiting for a worker." in text
    assert "Pause" not in text
    assert "Cancel" not in text
    for verb in VERBS:
        assert client.post(address(verb, job)).status_code == 403
    assert client.get(address("cancel", job)).status_code == 403
    job.refresh_from_db()
    assert job.state == State.WAITING


def test_whoever_may_not_add_contacts_may_not_import_them():
    bert = make_staff("bert", models=[Campaign, Group, ContactImport, ReportedRow])
    campaign = make_campaign(bert.own_team)
    tried = take_in(campaign, LIST, dry_run=True)
    client = signed_in(bert)
    assert upload(client, campaign).status_code == 403
    assert client.post(address("run", tried)).status_code == 403
    assert "Run for real" not in client.get(page(ContactImport, "change", tried.pk)).text
    assert ContactImport.objects.get() == tried


def test_whoever_may_not_add_groups_may_not_let_an_import_make_them():
    bert = make_staff("bert", models=[Campaign, Contact, ContactImport])
    campaign = make_campaign(bert.own_team)
    client = signed_in(bert)
    assert "create_groups" not in client.get(page(ContactImport, "add")).text
    upload(client, campaign, create_groups="on")
    assert not ContactImport.objects.get().create_groups


def test_rejected_rows_are_for_those_who_may_see_reported_rows():
    bert = make_staff("bert", models=[Campaign, Group, Contact, ContactImport])
    job = take_in(make_campaign(bert.own_team), LIST)
    client = signed_in(bert)
    assert "no address" not in client.get(page(ContactImport, "change", job.pk)).text
    assert client.get(address("rejected", job)).status_code == 403


# -- Buttons ---------------------------------------------------------------------------------------
def make_import(state: State) -> ContactImport:
    """One that has come into this state as they do; the one that is done was a dry run."""
    campaign = make_campaign()
    if state == State.DONE:
        return take_in(campaign, LIST, dry_run=True)
    if state == State.FAILED:
        return take_in(campaign, b"%PDF-1.7")
    job = send(campaign, LIST)
    if state == State.RUNNING:
        return ContactImport.objects.claim()
    if state == State.PAUSED:
        job.pause()
    if state == State.CANCELLED:
        job.cancel()
    return job


# State → verb → the state that it leads to, where there is a button for it.
LEADS_TO = {
    State.WAITING: {"pause": State.PAUSED, "cancel": State.CANCELLED},
    State.RUNNING: {"pause": State.PAUSED, "cancel": State.CANCELLED},
    State.PAUSED: {"resume": State.WAITING, "cancel": State.CANCELLED},
    State.FAILED: {},
    State.CANCELLED: {"retry": State.WAITING},
    State.DONE: {"run": State.DONE},
}


@pytest.mark.parametrize("state", State)
def test_the_page_has_the_buttons_of_its_state(admin_client, state):
    job = make_import(state)
    assert job.state == state
    text = admin_client.get(page(ContactImport, "change", job.pk)).text
    assert {verb for verb in VERBS if address(verb, job) in text} == set(LEADS_TO[state])


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("verb", VERBS)
def test_a_button_does_it_or_says_why_not(admin_client, state, verb):
    job = make_import(state)
    expected = LEADS_TO[state].get(verb)
    if state == State.FAILED:  # these it may, there are no buttons for them
        expected = {"cancel": State.CANCELLED, "retry": State.WAITING}.get(verb)
    reply = admin_client.post(address(verb, job))
    other = ContactImport.objects.exclude(pk=job.pk)
    assert reply.url == page(
        ContactImport, "change", other.get().pk if verb == "run" and expected else job.pk
    )
    job.refresh_from_db()
    if expected is None:
        told = "Only a dry run that is done" if verb == "run" else ", so it can't be"
        assert told in said(reply)
        assert not LogEntry.objects.exists()
    assert job.state == (expected or state)


def test_retry_is_offered_where_it_can_help(admin_client, monkeypatch):
    def fail(*arguments):
        raise ZeroDivisionError

    job = send(make_campaign(), LIST)
    with monkeypatch.context() as patch:
        patch.setattr(import_steps.ImportChunk, "take_in", fail)
        with pytest.raises(ZeroDivisionError):
            import_steps.work()
    text = admin_client.get(page(ContactImport, "change", job.pk)).text
    assert ">Retry</button>" in text
    assert 'data-state="failed"' in text
    admin_client.post(address("retry", job))
    import_steps.work()
    assert Contact.objects.count() == 2
    broken = make_import(State.FAILED)
    text = admin_client.get(page(ContactImport, "change", broken.pk)).text
    assert ">Retry</button>" not in text


def test_buttons_are_for_posts_and_cancelling_asks_first(admin_client):
    job = make_import(State.WAITING)
    for verb in ("pause", "resume", "retry", "run"):
        assert admin_client.get(address(verb, job)).status_code == 405
    asked = admin_client.get(address("cancel", job))
    assert "What it has taken in stays." in asked.text
    assert 'value="Yes, cancel it"' in asked.text
    assert ">Campaigns</a>" in asked.text.partition("breadcrumbs")[2].partition("</div>")[0]
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = admin_client.cookies
    assert careful.post(address("cancel", job)).status_code == 403
    job.refresh_from_db()
    assert job.state == State.WAITING


def test_a_dry_run_is_run_for_real_as_a_new_import(admin_client):
    tried = make_import(State.DONE)
    assert not Contact.objects.exists()
    reply = admin_client.post(address("run", tried))
    real = ContactImport.objects.exclude(pk=tried.pk).get()
    assert reply.url == page(ContactImport, "change", real.pk)
    assert (real.created_by, real.dry_run) == ("admin", False)
    import_steps.work()
    assert Contact.objects.count() == 2
    assert (
        address("run", tried) not in admin_client.get(page(ContactImport, "change", tried.pk)).text
    )
    text = admin_client.get(page(ContactImport, "change", tried.pk)).text
    assert f'<a href="{page(ContactImport, "change", real.pk)}">import {real.pk}</a>' in text
    again = admin_client.post(address("run", tried))
    assert "The file of this import is deleted by now." in said(again)


def test_a_button_of_an_import_that_was_just_deleted_answers_404(admin_client, monkeypatch):
    job = make_import(State.DONE)

    def deleted_meanwhile(self):
        ContactImport.objects.filter(pk=self.pk).delete()
        self.refresh_from_db()

    monkeypatch.setattr(ContactImport, "pause", deleted_meanwhile)
    assert admin_client.post(address("pause", job)).status_code == 404


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
