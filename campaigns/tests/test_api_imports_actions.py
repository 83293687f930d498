"""What can be done to an import by the API, by whom, and how often."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.tests.people import assert_problem, client_of, client_with, make_key, make_member
from campaigns import import_steps
from campaigns.models import Contact, ContactImport, ReportedRow
from campaigns.tests.house import House
from campaigns.tests.importing import send, table

pytestmark = pytest.mark.django_db
URL = "/api/imports/"
ROWS = table("email,group", "ada@example.com,A", "bob@example.com,A", "nobody,A")
NOW = timezone.now()
LATER = NOW + timedelta(days=1)
LONG_AGO = datetime(2026, 3, 1, 7, tzinfo=UTC)
State = ContactImport.State


@pytest.fixture
def house():
    return House()


def do(house, job, verb, client=None):
    return (client or house.client).post(f"{URL}{job.pk}/{verb}/")


def imported() -> int:
    return Contact.objects.filter(email_key__in=["ada@example.com", "bob@example.com"]).count()


def test_a_paused_import_rests_until_it_is_resumed(house):
    job = send(house.campaign, ROWS)
    assert do(house, job, "pause").json()["state"] == "paused"
    import_steps.work()
    assert imported() == 0
    assert do(house, job, "resume").json()["state"] == "waiting"
    import_steps.work()
    assert imported() == 2


def test_a_paused_import_has_no_time_left(house, monkeypatch):
    monkeypatch.setattr(import_steps, "CHUNK", 1)
    job = send(house.campaign, ROWS)
    import_steps.run(ContactImport.objects.claim(), watch=lambda job: do(house, job, "pause"))
    answer = house.client.get(f"{URL}{job.pk}/").json()
    assert (answer["state"], answer["rows"], answer["seconds_left"]) == ("paused", 1, None)


def test_a_cancelled_import_goes_on_where_it_was_when_it_is_retried(house, monkeypatch):
    monkeypatch.setattr(import_steps, "CHUNK", 1)
    job = send(house.campaign, ROWS)

    def cancel(running):
        if running.rows == 1:
            assert do(house, job, "cancel").json()["state"] == "cancelled"

    import_steps.run(ContactImport.objects.claim(), watch=cancel)
    assert imported() == 1
    answer = house.client.get(f"{URL}{job.pk}/").json()
    assert (answer["state"], answer["rows"], answer["seconds_left"]) == ("cancelled", 1, None)
    assert 0 < answer["percent"] < 100
    assert do(house, job, "retry").json()["state"] == "waiting"
    import_steps.work()
    job.refresh_from_db()
    assert (job.state, job.rows, job.created, job.rejected) == (State.DONE, 3, 2, 1)


def test_after_a_dry_run_the_same_file_is_run_for_real(house):
    dry = send(house.campaign, ROWS, dry_run=True, group=house.group)
    import_steps.work()
    assert imported() == 0
    response = do(house, dry, "run")
    assert response.status_code == 201
    real = response.json()
    assert response["Location"] == f"{URL}{real['id']}/"
    assert (real["state"], real["dry_run"], real["group"]) == ("waiting", False, house.group.pk)
    assert real["created_by"] == house.user.username
    import_steps.work()
    assert imported() == 2
    assert_problem(do(house, dry, "run"), 409, "already_run")
    tried, taken_in = (f"{URL}{pk}/" for pk in (dry.pk, real["id"]))
    assert house.client.get(tried).json()["run_as"] == real["id"]
    assert house.client.get(taken_in).json()["run_as"] is None
    house.client.delete(taken_in)
    assert house.client.get(tried).json()["run_as"] is None


def test_a_dry_run_is_run_once_for_one_key(house):
    dry = send(house.campaign, ROWS, dry_run=True)
    import_steps.work()
    first, again = (
        house.client.post(f"{URL}{dry.pk}/run/", HTTP_IDEMPOTENCY_KEY="1") for _ in range(2)
    )
    assert first.json() == again.json()
    assert first["Location"] == again["Location"]
    assert ContactImport.objects.count() == 2


@pytest.mark.parametrize(
    ("state", "refused"),
    [
        (State.WAITING, ["resume", "retry", "run"]),
        (State.RUNNING, ["resume", "retry", "run"]),
        (State.PAUSED, ["pause", "retry", "run"]),
        (State.DONE, ["pause", "resume", "cancel", "retry", "run"]),
        (State.FAILED, ["pause", "resume", "run"]),
        (State.CANCELLED, ["pause", "resume", "cancel", "run"]),
    ],
)
def test_what_can_not_be_done_now_is_refused_with_a_sentence(house, state, refused):
    job = send(house.campaign, ROWS)
    ContactImport.objects.update(state=state)
    for verb in refused:
        response = do(house, job, verb)
        assert_problem(response, 409, "wrong_state")
        told = "Only a dry run that is done" if verb == "run" else str(state)
        assert told in response.json()["detail"]
    job.refresh_from_db()
    assert job.state == state


def test_an_import_is_not_deleted_before_it_has_ended(house):
    job = send(house.campaign, ROWS)
    assert_problem(house.client.delete(f"{URL}{job.pk}/"), 409, "wrong_state")
    assert ContactImport.objects.get() == job


def test_an_import_is_deleted_with_its_file_and_report_and_nothing_else(
    house, django_capture_on_commit_callbacks
):
    done, job, other = (send(house.campaign, ROWS, run_at=at) for at in (NOW, LATER, LATER))
    import_steps.work()
    job.reported_rows.create(line=2, rejected=True)
    do(house, job, "cancel")
    with django_capture_on_commit_callbacks(execute=True):
        for one in (done, job):
            assert house.client.delete(f"{URL}{one.pk}/").status_code == 204
    assert not job.file.storage.exists(job.file.name)
    assert not ReportedRow.objects.exists()
    assert ContactImport.objects.get() == other
    assert other.file.storage.exists(other.file.name)
    assert imported() == 2


# -- By whom -------------------------------------------------------------------------------------
@pytest.mark.parametrize("by_key", [True, False])
@pytest.mark.parametrize("role", ["viewer", "editor", "manager"])
def test_viewers_read_editors_import_and_managers_delete(house, role, by_key):
    if by_key:
        client = client_with(make_key(house.team, role))
    else:
        client = client_of(make_member(house.team, role))
    job = send(house.campaign, ROWS)
    for place in ("", "rows/", "rejected.csv"):
        assert client.get(f"{URL}{job.pk}/{place}").status_code == 200
    may_write = role != "viewer"
    body = {"campaign": house.campaign.pk, "contacts": [{"email": "x@example.com"}]}
    assert client.post(URL, body).status_code == (201 if may_write else 403)
    for verb in ("pause", "resume", "cancel", "retry", "cancel"):
        assert do(house, job, verb, client).status_code == (200 if may_write else 403)
    ContactImport.objects.filter(pk=job.pk).update(state=State.CANCELLED)
    may_delete = role == "manager"
    assert client.delete(f"{URL}{job.pk}/").status_code == (204 if may_delete else 403)


def test_an_import_says_which_key_asked_for_it(house):
    key = make_key(house.team, "editor")
    body = {"campaign": house.campaign.pk, "contacts": [{"email": "x@example.com"}]}
    assert client_with(key).post(URL, body).json()["created_by"] == f"key {key}"


# -- How often -----------------------------------------------------------------------------------
def upload(house, content=ROWS, **options):
    """With a boundary of its own each time."""
    body = {"campaign": house.campaign.pk, "file": SimpleUploadedFile("a.csv", content.encode())}
    return house.client.post(URL, body | options, format="multipart", HTTP_IDEMPOTENCY_KEY="key")


def test_the_same_upload_again_gets_the_stored_answer(house):
    first, again = upload(house), upload(house)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert first["Location"] == again["Location"]
    assert again["Idempotency-Replayed"] == "true"
    assert ContactImport.objects.count() == 1
    assert ContactImport.objects.get().file.size == len(ROWS)


def test_another_file_or_option_under_the_same_key_is_refused(house):
    upload(house)
    assert_problem(upload(house, ROWS + "\n"), 422, "idempotency_key_reused")
    assert_problem(upload(house, dry_run=True), 422, "idempotency_key_reused")


def test_a_refused_upload_leaves_its_key_free(house):
    assert_problem(upload(house, "name\nAda\n"), 400, "no_email", "file")
    assert upload(house).status_code == 201


def test_a_dry_run_that_is_run_for_real_keeps_when_its_mails_are_scheduled(house):
    dry = send(house.campaign, "email,group\nada@example.com,A\n", dry_run=True, run_at=LONG_AGO)
    import_steps.work()
    assert do(house, dry, "run").status_code == 201
    import_steps.work()
    assert Contact.objects.get(email="ada@example.com").scheduled_at == LONG_AGO


def test_who_runs_a_dry_run_twice_is_told_where_its_file_went(house):
    dry = send(house.campaign, ROWS, dry_run=True)
    import_steps.work()
    real = do(house, dry, "run").json()
    again = do(house, dry, "run")
    assert_problem(again, 409, "already_run")
    assert f"import {real['id']}" in again.json()["detail"]


def test_a_retry_of_an_import_that_is_done_says_that_it_is_done(house):
    job = send(house.campaign, ROWS)
    import_steps.work()
    assert_problem(do(house, job, "retry"), 409, "wrong_state")
