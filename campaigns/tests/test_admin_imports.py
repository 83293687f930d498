"""Contact imports in the admin: sent, by whom, and steered."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.tests.staff import admin_client, make_staff, page, said, signed_in
from campaigns import import_steps
from campaigns.models import Campaign, Contact, ContactImport, Group, ReportedRow
from campaigns.tests.factories import make_campaign
from campaigns.tests.import_pages import (
    LIST,
    MODELS,
    TO_LOOK_AT,
    VERBS,
    State,
    address,
    make_import,
    stored_files,
    upload,
)
from campaigns.tests.importing import contacts_of, send, take_in

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db


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


def test_the_form_tries_it_by_one_button_and_sends_by_another(admin_client):
    text = admin_client.get(page(ContactImport, "add")).text
    assert '<input type="submit" value="Import"' in text
    assert 'name="dry_run" value="on">Try it (dry run)</button>' in text
    assert text.count('type="submit"') == 2 + text.count("Log out</button>")
    assert "sent_at" in text
    fields = [text.index(f'id="id_{name}') for name in ("file", "group", "create_groups", "run_at")]
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
    assert "Rows seen" not in text
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
    assert ">Contact imports</a>" in asked.text.partition("breadcrumbs")[2].partition("</div>")[0]
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
    assert "Its file was taken over by import" in said(again)


def test_a_button_of_an_import_that_was_just_deleted_answers_404(admin_client, monkeypatch):
    job = make_import(State.DONE)

    def deleted_meanwhile(self):
        ContactImport.objects.filter(pk=self.pk).delete()
        self.refresh_from_db()

    monkeypatch.setattr(ContactImport, "pause", deleted_meanwhile)
    assert admin_client.post(address("pause", job)).status_code == 404
