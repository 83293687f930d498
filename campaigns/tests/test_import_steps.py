"""An import goes on where it was, whoever works at it, and ends as if nothing had happened."""

from datetime import timedelta

import pytest
import time_machine
from django.db import DataError, OperationalError
from django.utils import timezone

from campaigns import import_chunk, import_steps, tasks
from campaigns.models import Contact, ContactImport
from campaigns.models.contact_import import NoTrial, WrongState
from campaigns.models.leased import LEASE
from campaigns.tests.factories import make_campaign, make_contact
from campaigns.tests.importing import contacts_of, figures, reported, send, table, take_in
from campaigns.tests.small_imports import ROWS, campaign, small_chunks

__all__ = ["campaign", "small_chunks"]  # fixtures
pytestmark = pytest.mark.django_db
State = ContactImport.State


def whole(job) -> tuple:
    """All that an import leaves, ids and times aside."""
    return (
        contacts_of(job.campaign),
        figures(job),
        reported(job),
        reported(job, rejected=False),
        list(job.reported_rows.order_by("line", "code").values_list("detail", "row")),
    )


def claim() -> ContactImport:
    job = ContactImport.objects.claim()
    assert job
    return job


def after(chunks: int):
    """A `stop` that says so after so many chunks."""
    asked = iter(range(1_000))
    # Asked once while the file is looked through, and once before each chunk.
    return lambda: next(asked) > chunks


class Killed(BaseException):
    pass


def die_after(chunks: int):
    """A `watch` that kills the worker when so many chunks are committed."""
    left = [chunks]

    def watch(job):
        left[0] -= 1
        if not left[0]:
            raise Killed

    return watch


@pytest.fixture
def expected(campaign):
    """What ROWS come to when nothing happens."""
    return whole(take_in(make_campaign(group_names=("A", "B")), ROWS))


@pytest.mark.parametrize("chunks", [1, 2, 3, 4])
def test_another_worker_goes_on_after_the_last_chunk_of_a_killed_one(campaign, expected, chunks):
    job = send(campaign, ROWS)
    with pytest.raises(Killed):
        import_steps.run(claim(), watch=die_after(chunks))
    job.refresh_from_db()
    assert job.rows == 2 * chunks
    import_steps.work()
    assert whole(job) == expected
    job.refresh_from_db()
    assert job.state == State.DONE


def test_a_worker_that_is_killed_outright_is_missed_when_its_lease_is_over(campaign, monkeypatch):
    monkeypatch.setattr(ContactImport, "release", lambda job: None)
    send(campaign, ROWS)
    with pytest.raises(Killed):
        import_steps.run(claim(), watch=die_after(1))
    assert ContactImport.objects.claim() is None
    with time_machine.travel(timezone.now() + LEASE + timedelta(seconds=1), tick=False):
        assert ContactImport.objects.claim()


def test_a_worker_that_ends_leaves_the_rest_to_the_next_one(campaign, expected):
    job = send(campaign, ROWS)
    import_steps.work(stop=after(2))
    job.refresh_from_db()
    assert (job.state, job.rows) == (State.RUNNING, 2)
    import_steps.work()
    assert whole(job) == expected


@pytest.mark.parametrize("pauses", [False, True])
def test_an_address_whose_row_was_rejected_may_come_again(campaign, pauses):
    """The same whether a worker goes on or begins in the middle."""
    make_contact(campaign.groups.get(name="A"), email="a@example.com")
    rows = ["a@example.com,B", "x@example.com,B", "a@example.com,B", "y@example.com,B"]
    job = send(campaign, table("email,group", *rows), reject_overlap=True)
    if pauses:
        import_steps.run(claim(), watch=lambda _: job.pause())
        job.resume()
    import_steps.work()
    assert [row[:2] for row in reported(job)] == [(2, "overlap"), (4, "overlap")]


def test_a_chunk_of_long_rows_has_fewer_of_them():
    rows, read = iter(range(10)), [0]

    def records():
        for row in rows:
            read[0] += import_steps.CHUNK_BYTES + 1
            yield row

    assert [len(chunk) for chunk in import_steps.chunks(records(), lambda: read[0])] == [1] * 10


def test_two_workers_take_nothing_in_twice(campaign, expected):
    job = send(campaign, ROWS)
    first = claim()

    def another_takes_over(_):
        ContactImport.objects.filter(pk=job.pk).update(leased_until=timezone.now())
        import_steps.work()

    import_steps.run(first, watch=another_takes_over)  # and the first one finds its lease gone
    assert whole(job) == expected


def test_a_chunk_whose_commit_was_not_heard_of_is_not_taken_in_again(
    campaign, expected, monkeypatch
):
    commit, heard = import_chunk.ImportChunk._commit, []

    def commit_twice(*args):
        """As it is tried again when the connection is lost during COMMIT."""
        commit(*args)
        heard.append(commit(*args))

    monkeypatch.setattr(import_chunk.ImportChunk, "_commit", commit_twice)
    assert whole(take_in(campaign, ROWS)) == expected
    assert len(heard) == 5


def test_a_row_that_the_database_refuses_is_found_and_the_others_are_taken_in(
    campaign, monkeypatch
):
    monkeypatch.setattr(import_steps, "CHUNK", 500)
    take_in_rows = type(Contact.objects).take_in

    def refuse_one(contacts, rows):
        if any(row.email == "b@example.com" for row in rows):
            raise DataError(1366, "Incorrect string value")
        return take_in_rows(contacts, rows)

    monkeypatch.setattr(type(Contact.objects), "take_in", refuse_one)
    job = take_in(campaign, ROWS)
    assert job.state == State.DONE
    assert (3, "refused", "email", "b@example.com") in reported(job)
    assert ("B", "b@example.com") not in contacts_of(campaign)
    assert ("B", "e@example.com") in contacts_of(campaign)
    assert figures(job)["rows"] == 9


def test_the_database_out_of_reach_fails_no_import(campaign, expected, monkeypatch):
    job = send(campaign, ROWS)

    def gone(*args):
        raise OperationalError(2002, "Can't connect")

    with monkeypatch.context() as patch:
        patch.setattr(type(Contact.objects), "take_in", gone)
        with pytest.raises(OperationalError):
            import_steps.work()
    import_steps.work()
    assert whole(job) == expected


def test_a_mistake_of_ours_fails_the_import_and_is_raised(campaign, monkeypatch):
    job = send(campaign, ROWS)
    monkeypatch.setattr(import_steps, "chunks", lambda records: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        import_steps.work()
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert "log" in job.problem


def test_a_worker_that_lost_its_lease_between_two_chunks_does_not_take_on_that_of_another(
    campaign, monkeypatch
):
    first, kept = send(campaign, ROWS), []

    def lose_lease(job):
        with time_machine.travel(timezone.now() + 2 * LEASE):
            kept.append(claim())

    commit = import_chunk.ImportChunk._commit

    def committed(chunk, *about):
        commit(chunk, *about)
        if not kept:
            lose_lease(chunk.job)

    monkeypatch.setattr(import_chunk.ImportChunk, "_commit", committed)
    first = claim()
    import_steps.run(first)
    first.refresh_from_db()
    assert first.rows == 2
    assert first.holder == kept[0].holder
    assert first.leased_until > timezone.now() + LEASE  # and did not give it back either


def test_the_lease_is_kept_where_no_row_comes_for_megabytes(campaign, monkeypatch):
    monkeypatch.setattr("campaigns.import_file.reader.BLOCKS_PER_SIGN", 2)
    kept, stay = [], import_steps.ImportRun.stay
    monkeypatch.setattr(
        import_steps.ImportRun, "stay", lambda run: (kept.append(run.job.pk), stay(run))
    )
    job = take_in(campaign, "email,group\n" + "\n" * 5 * 32 * 1024 + "a@example.com,A\n")
    assert figures(job) == {"rows": 1, "created": 1}
    assert kept == [job.pk] * 4  # once while the file is looked through, and thrice of six blocks


# -- Turns -----------------------------------------------------------------------------------------
def test_an_import_waits_for_its_time(campaign):
    job = take_in(campaign, ROWS, run_at=timezone.now() + timedelta(hours=1))
    assert job.state == State.WAITING
    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=1)):
        tasks.import_what_is_due()
    job.refresh_from_db()
    assert job.state == State.DONE


def test_a_worker_takes_in_one_import_at_a_time(campaign):
    send(campaign, ROWS)
    with tasks.importing:
        tasks.import_what_is_due()
    assert not Contact.objects.exists()
    tasks.import_what_is_due()
    assert Contact.objects.exists()


@pytest.mark.parametrize("verb", ["pause", "cancel"])
def test_whoever_works_at_it_stops_when_it_is_paused_or_cancelled(campaign, verb):
    job = send(campaign, ROWS)
    import_steps.run(claim(), watch=lambda _: getattr(job, verb)())
    job.refresh_from_db()
    assert (job.rows, job.state) == (2, {"pause": State.PAUSED, "cancel": State.CANCELLED}[verb])
    import_steps.work()
    assert figures(job)["rows"] == 2


@pytest.mark.parametrize(("stop", "go"), [("pause", "resume"), ("cancel", "retry")])
def test_it_goes_on_where_it_was(campaign, expected, stop, go):
    job = send(campaign, ROWS)
    import_steps.run(claim(), watch=lambda _: getattr(job, stop)())
    getattr(job, go)()
    import_steps.work()
    assert whole(job) == expected


@pytest.mark.parametrize(
    ("state", "possible"),
    [
        (State.WAITING, {"pause", "cancel"}),
        (State.RUNNING, {"pause", "cancel"}),
        (State.PAUSED, {"resume", "cancel"}),
        (State.DONE, {"remove"}),
        (State.FAILED, {"cancel", "retry", "remove"}),
        (State.CANCELLED, {"retry", "remove"}),
    ],
)
@pytest.mark.parametrize("verb", ["pause", "resume", "cancel", "retry", "run", "remove"])
def test_what_can_be_done_to_it_depends_on_its_state(campaign, state, possible, verb):
    job = send(campaign, ROWS)
    ContactImport.objects.filter(pk=job.pk).update(state=state)
    job.refresh_from_db()
    if verb in possible:
        getattr(job, verb)()
    else:
        with pytest.raises((WrongState, NoTrial)) as refusal:
            getattr(job, verb)()
        how = "has failed" if state == State.FAILED else f"is {state}"
        told = "Only a dry run that is done" if verb == "run" else f"This import {how}, so"
        assert refusal.value.sentence.startswith(told)
