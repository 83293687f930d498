"""The database is away, ends a transaction, loses a COMMIT's answer, or lets everybody wait."""

import pytest

from tests.faults.mail import Mail
from tests.faults.world import CONSUMERS, borrow

ONE, OTHER = CONSUMERS
ONLY_MYSQL = pytest.mark.parametrize("database", ["mysql"], indirect=True)


@pytest.fixture
def world(request, database, stacks):
    yield from borrow(request, database, stacks)


@ONLY_MYSQL
def test_while_the_database_is_refused_the_stream_holds(world):
    mail = Mail(world.stack, contacts=2, pixels=5)
    hits = mail.hits(2)
    since = {name: len(world.consumer(name).text()) for name in CONSUMERS}
    with world.database.down():
        assert set(world.fetch_together(hits)) == {"stored"}
        for name in CONSUMERS:
            world.wait_for_line(name, "Waiting for the database at 127.0.0.1:", since[name])
        assert world.waiting() > 0
    world.settle()
    mail.expect(hits)


@ONLY_MYSQL
def test_a_database_restarted_within_a_transaction_undoes_it_and_it_lands_later(world):
    mail = Mail(world.stack, contacts=2, pixels=5)
    hits = mail.hits(2)
    with world.consumers_held(OTHER):
        with world.points.held(f"{ONE}-in-transaction"):
            world.fetch_together(hits)
            world.points.wait_until_reached(f"{ONE}-in-transaction")
            with world.database.down():
                pass
            assert mail.openings() == []
        world.settle()
    mail.expect(hits)


@ONLY_MYSQL
@pytest.mark.parametrize(("when", "is_committed"), [("before", False), ("after", True)])
def test_a_connection_lost_during_commit_counts_once(world, when, is_committed):
    mail = Mail(world.stack, contacts=2, pixels=5)
    hits = mail.hits(1)
    since = len(world.consumer(OTHER).text())
    with world.consumers_held(ONE), world.points.held(f"{OTHER}-again"):
        with world.consumers_held(OTHER):
            world.fetch_together(hits)
            world.cutter.cut(when)
        assert world.cutter.done.wait(30)
        world.points.wait_until_reached(f"{OTHER}-again")
        assert bool(mail.openings()) is is_committed
    world.wait_for_line(OTHER, "Trying a transaction again after error 2013", since)
    world.settle()
    mail.expect(hits)


@ONLY_MYSQL
def test_a_batch_that_the_database_ends_as_a_deadlock_lands(world):
    mail = Mail(world.stack, contacts=2, pixels=5)
    first, hits = mail.hits(1, prefix="first"), mail.hits(2)
    world.fetch_together(first)  # so that there is a row of counts to lock
    world.settle()
    since = len(world.consumer(ONE).text())
    with world.consumers_held(OTHER), world.database.session() as cursor:
        # The wrong way round: counts, then contacts. And with so many rows of its own that the
        # other transaction is the cheaper one to undo.
        cursor.execute("CREATE TABLE heavy (number INT PRIMARY KEY)")
        try:
            cursor.execute("INSERT INTO heavy SELECT seq FROM seq_1_to_5000")
            cursor.execute(
                "SELECT * FROM tracking_openingcount WHERE group_id = %s FOR UPDATE", [mail.group]
            )
            world.fetch_together(hits)
            world.database.wait_until_waiting()
            cursor.execute("SELECT id FROM campaigns_contact ORDER BY id FOR UPDATE")
            world.wait_for_line(ONE, "Trying a transaction again after error 1213", since)
            cursor.execute("ROLLBACK")
        finally:
            cursor.execute("DROP TABLE heavy")
        world.settle()
    mail.expect(first + hits)


@ONLY_MYSQL
def test_a_batch_that_waited_for_a_lock_too_long_lands(world):
    mail = Mail(world.stack, contacts=2, pixels=5)
    hits = mail.hits(2)
    since = len(world.consumer(ONE).text())
    with world.consumers_held(OTHER), world.database.lock_wait_of(seconds=1):
        with world.database.locked():
            world.fetch_together(hits)
            world.wait_for_line(ONE, "Trying a transaction again after error 1205", since)
            assert mail.openings() == []
        world.settle()
    mail.expect(hits)


def test_while_queries_last_pixels_are_served_from_redis_and_without_it_from_the_spool(world):
    mail = Mail(world.stack, contacts=2, pixels=5)
    hits, without_redis = mail.hits(2), mail.hits(2, prefix="without Redis")
    world.points.arm("web-hurried")  # the fallback's own budget, and no second more
    with world.database.locked():
        assert set(world.fetch_together(hits)) == {"stored"}
        world.database.wait_until_waiting()
        with world.redis_down():
            assert set(world.fetch_all(without_redis)) == {"spooled"}
        # All of them were answered while nothing could be recorded.
        assert mail.openings() == []
    world.settle()
    mail.expect(hits + without_redis)
