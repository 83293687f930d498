"""manage.py import_contacts: a file is taken in while somebody watches."""

import os
import runpy
import signal
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from campaigns import import_steps
from campaigns.models import Campaign, Contact, ContactImport
from campaigns.models.contact_import import FOLDER
from campaigns.tests.factories import make_campaign
from campaigns.tests.importing import contacts_of, figures, send, table

pytestmark = pytest.mark.django_db
State = ContactImport.State
CREATED_BY = "manage.py import_contacts"
ROWS = table("email,name", "a@example.com,A", "bad,B", "c@example.com,C", "d@example.com,D")


@pytest.fixture
def campaign():
    return make_campaign(name="Spring", pixels_per_contact=2)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(ROWS)
    return str(path)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(import_steps, "CHUNK", 2)


@pytest.fixture
def refused(capsys):
    """Runs the command, which must refuse and store nothing; what it says, and its exit code."""

    def run(*arguments, **options):
        before = stored()
        with pytest.raises(CommandError) as refusal:
            call_command("import_contacts", *arguments, **options)
        assert not ContactImport.objects.exists()
        assert stored() == before
        return str(refusal.value)

    return run


def stored() -> set[str]:
    storage = ContactImport._meta.get_field("file").storage
    return set(storage.listdir(FOLDER)[1]) if storage.exists(FOLDER) else set()


def interrupted(monkeypatch, number, after=1):
    """This process gets the signal when so many chunks are committed."""
    show, left = import_steps.ImportChunk.take_in, [after]

    def take_in(chunk, *arguments):
        show(chunk, *arguments)
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(import_steps.ImportChunk, "take_in", take_in)


@pytest.mark.parametrize("named", ["Spring", "id"])
def test_it_takes_a_file_in_and_tells_what_became_of_its_rows(campaign, path, capsys, named):
    call_command("import_contacts", path, campaign=str(campaign.pk) if named == "id" else named)
    assert contacts_of(campaign).keys() == {
        ("A", "a@example.com"),
        ("A", "c@example.com"),
        ("A", "d@example.com"),
    }
    job = ContactImport.objects.get()
    assert (job.name, job.state, job.created_by) == ("people.csv", State.DONE, CREATED_BY)
    said = capsys.readouterr().out
    assert "4 rows in " in said
    assert "3 created, 0 updated, 0 unchanged, 1 rejected; 0 remarks." in said
    assert f"/api/imports/{job.pk}/rejected.csv?reasons=1" in said


def test_the_rejected_rows_are_written_where_that_is_wanted(campaign, path, tmp_path):
    rejected = tmp_path / "rejected.csv"
    call_command("import_contacts", path, campaign="Spring", rejected=str(rejected))
    head, row = rejected.read_text().splitlines()
    assert head == "email,name,rejected_line,rejected_because"
    assert row.startswith("bad,B,3,")


def test_it_is_done_with_the_options_that_are_given(campaign, path, capsys):
    other = campaign.groups.create(name="B")
    arguments = ["--campaign", "Spring", "--group", "B", "--scheduled-at", "2026-03-01T08:00+01:00"]
    switches = ["--create-groups", "--reject-overlap", "--dry-run"]
    call_command("import_contacts", path, *arguments, *switches)
    job = ContactImport.objects.get()
    assert (job.group, job.scheduled_at.isoformat()) == (other, "2026-03-01T07:00:00+00:00")
    assert job.create_groups
    assert job.reject_overlap
    assert job.dry_run
    assert not Contact.objects.exists()
    assert "Tried out: 4 rows" in capsys.readouterr().out


def test_no_worker_has_it_meanwhile(campaign, path, monkeypatch):
    begin, claimed = ContactImport.begin, []

    def begin_beside_a_worker(job, *arguments):
        claimed.append(ContactImport.objects.claim())
        begin(job, *arguments)

    monkeypatch.setattr(ContactImport, "begin", begin_beside_a_worker)
    call_command("import_contacts", path, campaign="Spring")
    assert claimed == [None]
    assert figures(ContactImport.objects.get())["rows"] == 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_pauses_it_and_it_goes_on_when_it_is_resumed(
    campaign, path, monkeypatch, capsys, number
):
    with monkeypatch.context() as patch:
        interrupted(patch, number)
        with pytest.raises(CommandError, match="--resume") as stopped:
            call_command("import_contacts", path, campaign="Spring")
    assert stopped.value.returncode == 128 + number
    job = ContactImport.objects.get()
    assert (job.state, job.rows, Contact.objects.count()) == (State.PAUSED, 2, 1)
    assert f"--resume {job.pk}" in str(stopped.value)
    import_steps.work()  # a worker leaves it alone
    assert Contact.objects.count() == 1
    call_command("import_contacts", resume=str(job.pk))
    assert figures(job) == {"rows": 4, "created": 3, "rejected": 1}
    assert "4 rows" in capsys.readouterr().out


def test_the_line_that_goes_on_with_it_can_be_pasted_into_a_shell(
    campaign, path, monkeypatch, tmp_path
):
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.executable", str(Path.cwd() / ".venv/bin/python"))
    monkeypatch.setattr("sys.argv", ["manage.py"])
    interrupted(monkeypatch, signal.SIGINT)
    with pytest.raises(CommandError) as stopped:
        call_command("import_contacts", path, campaign="Spring", rejected="not taken in.csv")
    job = ContactImport.objects.get()
    assert str(stopped.value).splitlines()[1].strip() == (
        f".venv/bin/python manage.py import_contacts --resume {job.pk} "
        "--rejected 'not taken in.csv'"
    )


def test_ctrl_c_before_it_has_begun_ends_it_without_a_traceback(monkeypatch):
    def interrupt(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("django.core.management.execute_from_command_line", interrupt)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(settings.BASE_DIR / "manage.py"), run_name="__main__")
    assert ended.value.code == 130


def test_signals_mean_what_they_did_before(campaign, path):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    call_command("import_contacts", path, campaign="Spring")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_what_a_killed_command_left_behind_can_be_gone_on_with(campaign):
    job = send(campaign, ROWS, claimed=True)
    with pytest.raises(CommandError, match="worker is at it"):
        call_command("import_contacts", resume=str(job.pk))
    ContactImport.objects.update(leased_until=timezone.now())
    call_command("import_contacts", resume=str(job.pk))
    assert figures(job)["rows"] == 4
    with pytest.raises(CommandError, match="is done: there is nothing to resume"):
        call_command("import_contacts", resume=str(job.pk))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (["--dry-run"], "--dry-run"),
        (["--group", "A", "--dry-run"], "--group, --dry-run"),
        (["--campaign", "Spring", "--create-groups"], "--campaign, --create-groups"),
        (["--scheduled-at", "x", "--reject-overlap"], "--scheduled-at, --reject-overlap"),
    ],
)
def test_one_that_is_resumed_goes_on_as_it_was_begun(campaign, given, named):
    job = send(campaign, ROWS)
    job.pause()
    with pytest.raises(CommandError, match="can't be changed when an import is resumed") as refusal:
        call_command("import_contacts", *given, resume=str(job.pk))
    assert str(refusal.value).startswith(f"{named} can't be changed")
    job.refresh_from_db()
    assert (job.state, job.rows) == (State.PAUSED, 0)


def test_what_there_is_to_say_of_the_file_is_printed(campaign, tmp_path, capsys):
    path = tmp_path / "people.csv"
    path.write_bytes("email,name\nzoe@example.com,Zoë\n".encode("latin-1"))
    call_command("import_contacts", str(path), campaign="Spring")
    assert "read as Latin-1" in capsys.readouterr().out
    path.write_text("email,name\n")
    call_command("import_contacts", str(path), campaign="Spring")
    assert "The file has no rows" in capsys.readouterr().out


def test_one_that_is_cancelled_meanwhile_ends(campaign, path, monkeypatch):
    advance = ContactImport.advance

    def advance_and_cancel(job, *arguments):
        advance(job, *arguments)
        ContactImport.objects.cancel()

    monkeypatch.setattr(ContactImport, "advance", advance_and_cancel)
    with pytest.raises(CommandError, match="is cancelled") as ended:
        call_command("import_contacts", path, campaign="Spring")
    assert ended.value.returncode == 1
    assert ContactImport.objects.get().rows == 2


def test_one_that_somebody_pauses_meanwhile_says_how_to_go_on(campaign, path, monkeypatch):
    advance = ContactImport.advance

    def advance_and_pause(job, *arguments):
        advance(job, *arguments)
        ContactImport.objects.get().pause()

    monkeypatch.setattr(ContactImport, "advance", advance_and_pause)
    with pytest.raises(CommandError, match=r"Somebody has paused it.*\n.*--resume") as ended:
        call_command("import_contacts", path, campaign="Spring")
    assert ended.value.returncode == 1


def test_it_fails_where_the_file_can_not_be_read_to_its_end(campaign, tmp_path, capsys):
    path = tmp_path / "people.json"
    path.write_text('[{"email": "a@example.com"}, {"email": "b@exam')
    with pytest.raises(CommandError, match=r"^Import \d+ has failed\. \w") as ended:
        call_command("import_contacts", str(path), campaign="Spring")
    assert ended.value.returncode == 1
    assert "1 row in" in capsys.readouterr().out


def test_trouble_of_the_database_leaves_it_to_a_worker(campaign, path, monkeypatch):
    def gone(*arguments):
        raise OperationalError(2002, "Can't connect")

    with monkeypatch.context() as patch:
        patch.setattr(import_steps.ImportChunk, "take_in", gone)
        with pytest.raises(CommandError, match="A worker goes on"):
            call_command("import_contacts", path, campaign="Spring")
    import_steps.work()
    assert figures(ContactImport.objects.get())["rows"] == 4


def test_rejected_rows_are_written_once_all_rows_were_seen(campaign, path, monkeypatch, tmp_path):
    rejected = tmp_path / "rejected.csv"
    with monkeypatch.context() as patch:
        interrupted(patch, signal.SIGINT)
        with pytest.raises(CommandError, match="--resume"):
            call_command("import_contacts", path, campaign="Spring", rejected=str(rejected))
    assert not rejected.exists()
    job = ContactImport.objects.get()
    call_command("import_contacts", resume=str(job.pk), rejected=str(rejected))
    assert len(rejected.read_text().splitlines()) == 2


# -- Refused, before anything is stored ------------------------------------------------------------
def test_it_says_what_is_wrong_with_the_file(campaign, path, tmp_path, refused, settings):
    assert refused(str(tmp_path / "none.csv"), campaign="Spring").endswith(
        "No such file or directory."
    )
    assert refused(str(tmp_path), campaign="Spring") == f"{tmp_path} is no file."
    (tmp_path / "none.csv").write_text("name\nAda\n")
    assert "no column called email" in refused(str(tmp_path / "none.csv"), campaign="Spring")
    (tmp_path / "none.csv").write_text("")
    assert "empty" in refused(str(tmp_path / "none.csv"), campaign="Spring")
    settings.MAX_IMPORT_BYTES = len(ROWS) - 1
    assert f"MAX_IMPORT_BYTES allows {len(ROWS) - 1}" in refused(path, campaign="Spring")


def test_rejected_rows_replace_no_file(campaign, path, tmp_path, refused):
    assert "is there already" in refused(path, campaign="Spring", rejected=path)
    link = tmp_path / "link.csv"
    link.symlink_to(path)
    assert "is there already" in refused(path, campaign="Spring", rejected=str(link))
    assert Path(path).read_text() == ROWS


def test_where_rejected_rows_can_not_be_written_nothing_is_begun(
    campaign, path, tmp_path, refused, monkeypatch
):
    nowhere = str(tmp_path / "none" / "rejected.csv")
    assert "there is no folder" in refused(path, campaign="Spring", rejected=nowhere)
    assert "is a folder" in refused(path, campaign="Spring", rejected=str(tmp_path))
    monkeypatch.setattr(os, "access", lambda *asked: False)  # root may write all
    some = str(tmp_path / "rejected.csv")
    assert "can't be written" in refused(path, campaign="Spring", rejected=some)


def test_a_file_that_may_not_be_read_is_refused(campaign, path, refused, monkeypatch):
    def forbid(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", forbid)  # root may read all
    assert refused(path, campaign="Spring") == f"{path} can't be read: Permission denied."


def test_it_says_what_is_wrong_with_the_campaign_or_group(campaign, path, refused):
    assert "--campaign" in refused(path)
    there = f'There is "Spring" (id {campaign.pk}).'
    assert refused(path, campaign="Autumn") == f'There is no campaign "Autumn". {there}'
    there = f'There is "A" (id {campaign.groups.get().pk}).'
    missing = 'There is no group "B" in "Spring".'
    assert refused(path, campaign="Spring", group="B") == f"{missing} {there}"
    other = make_campaign(name="Spring")
    ids = f"{campaign.pk}, {other.pk}"
    assert refused(path, campaign="Spring").endswith(f"Give an id: {ids}.")
    own = other.groups.get()
    assert "no group" in refused(path, campaign=str(campaign.pk), group=str(own.pk))
    assert Campaign.objects.count() == 2


def test_it_names_some_campaigns_that_there_are(path, refused):
    assert refused(path, campaign="Autumn").endswith("There is none yet.")
    for number in range(12):
        newest = make_campaign(name=f"Spring {number}")
    said = refused(path, campaign="Spring")
    assert f'There is "Spring 11" (id {newest.pk}), "Spring 10"' in said
    assert said.count("id ") == 10
    assert said.endswith(", ….")


def test_it_says_what_is_wrong_with_the_time_or_the_id(campaign, path, refused):
    assert "zone" in refused(path, campaign="Spring", scheduled_at="2026-03-01T08:00")
    assert refused(resume="7") == 'There is no import "7".'
    assert refused(resume="x") == 'There is no import "x".'
    assert (
        refused(path, resume="7")
        == refused()
        == ("Name a file and --campaign, or --resume with an id.")
    )


@pytest.mark.parametrize(
    "option", ["--group", "--scheduled-at", "--rejected", "--resume", "--campaign"]
)
def test_an_empty_option_is_refused(campaign, path, refused, option):
    where = [path, "--campaign", "Spring"] if option != "--resume" else ["--campaign", "Spring"]
    assert option in refused(*where, option, "")


def test_a_file_that_came_while_it_worked_is_not_replaced(campaign, path, tmp_path, monkeypatch):
    place, run = tmp_path / "rejected.csv", import_steps.run

    def made_meanwhile(*args):
        place.write_text("somebody else's")
        run(*args)

    monkeypatch.setattr(import_steps, "run", made_meanwhile)
    with pytest.raises(CommandError, match="File exists"):
        call_command("import_contacts", path, "--campaign", "Spring", "--rejected", str(place))
    assert place.read_text() == "somebody else's"


def test_an_import_that_is_deleted_meanwhile_ends_with_a_sentence(campaign, path, monkeypatch):
    run = import_steps.run

    def deleted_meanwhile(job, stop, watch):
        def watched(job):
            other = ContactImport.objects.get()
            other.cancel()
            other.remove()

        run(job, stop, watched)

    monkeypatch.setattr(import_steps, "run", deleted_meanwhile)
    with pytest.raises(CommandError, match="was deleted meanwhile"):
        call_command("import_contacts", path, "--campaign", "Spring")
