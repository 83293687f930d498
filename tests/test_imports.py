"""Contacts are taken in by real workers and beats, each row once, whatever is killed meanwhile."""

import secrets

import pytest

from tests.contact_list import ContactList
from tests.faults.points import FOLDER, Points
from tests.importers import BEATS, WORKERS, Importers, Kills
from tests.services import wait_until

APPLICATION = "tests.faults.importer"  # with chunks of 50 rows
STAYS = "importer-stays"
ONE, OTHER = WORKERS


@pytest.fixture
def points(tmp_path):
    return Points(tmp_path)


@pytest.fixture
def stack(database, stacks):
    """One of their own: its Redis is killed, and a web process may find out in a later test."""
    return stacks(database, name=f"{database}_imports")


@pytest.fixture
def importers(stack, points):
    """None is started yet; all end with the test."""
    with Importers(stack, points.folder, APPLICATION, **{FOLDER: str(points.folder)}) as importers:
        yield importers


def send(importers, contacts):
    return importers.send(contacts, secrets.token_hex(8))


def wait_until_it_stands_still(points):
    wait_until(lambda: points.is_reached(STAYS), what="the worker stands still")


def so_far(job, rows: int, state: str) -> dict:
    """What must be there after so many rows."""
    bad = [row for row in job.contacts.bad if row <= rows]
    good = rows - len(bad)
    figures = {"rows": rows, "created": good, "rejected": len(bad), "contacts": good}
    more = {"state": state, "pixels": [good, good], "reported": [row + 1 for row in bad]}
    return job.contacts.outcome() | figures | more


def test_after_a_killed_worker_another_one_goes_on_with_the_next_row(importers, points):
    """The first one dies before it has committed rows 451 to 500, the next one after it has
    committed rows 701 to 750."""
    job = send(importers, ContactList(1_000, bad_every=100))
    points.arm("importer-in-chunk", f"{job.pk} 500")
    points.arm("importer-after-chunk", f"{job.pk} 750")
    importers.start(BEATS[0])
    for name, committed in ((ONE, 450), (OTHER, 750)):
        importers.start(name)
        importers.wait_until_dead(name)
        assert job.state() == so_far(job, committed, "running")
    importers.start(ONE)
    job.wait()
    assert job.state() == job.contacts.outcome()


def test_whoever_has_lost_an_import_takes_nothing_in_twice(importers, points, stack):
    """A worker stands still until another one has taken its import over and ended it. Meanwhile
    and afterwards, the task is delivered again and again."""
    job = send(importers, ContactList(1_000, bad_every=100))
    points.arm(STAYS, f"{job.pk} 500")
    importers.start(ONE, BEATS[0])
    wait_until_it_stands_still(points)
    importers.start(OTHER)
    deliver_again(stack)
    job.wait()
    points.disarm(STAYS)
    importers.kill(OTHER)
    deliver_again(stack)
    after = send(importers, ContactList(100, bad_every=100))
    after.wait()  # so the first worker has its wits together
    assert job.state() == job.contacts.outcome()
    assert after.state() == after.contacts.outcome()


def deliver_again(stack):
    stack.shell("""
from campaigns.tasks import import_what_is_due
answer = len([import_what_is_due.delay() for _ in range(20)])
""")


def test_a_cancelled_import_stops_and_goes_on_when_it_is_retried(importers, points):
    job = send(importers, ContactList(1_000, bad_every=100))
    points.arm(STAYS, f"{job.pk} 500")
    importers.start(ONE, *BEATS)
    wait_until_it_stands_still(points)
    job.do("cancel")
    points.disarm(STAYS)
    after = send(importers, ContactList(100, bad_every=100))
    after.wait()
    assert job.state() == so_far(job, 500, "cancelled")
    job.do("retry")
    job.wait()
    assert job.state() == job.contacts.outcome()


# On SQLite, and with a million rows, in `make prove`.
@pytest.mark.parametrize("database", ["mysql"], indirect=True)
def test_whatever_is_killed_each_row_is_taken_in_once(importers):
    job = send(importers, ContactList(6_000, bad_every=1_000))
    importers.start_all()
    kills = Kills(seed=1, number=7, rows=6_000)
    kills.execute(importers, job)
    job.wait()
    assert job.state() == job.contacts.outcome()
    assert 0 < kills.log[0][1] < 6_000  # it was at work
