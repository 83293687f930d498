"""Consumers that die around their COMMIT, and two at the same hits."""

import pytest

from tests.api import STREAM
from tests.faults.mail import Mail
from tests.faults.world import CONSUMERS, borrow

ONE, OTHER = CONSUMERS


@pytest.fixture
def world(request, database, stacks):
    yield from borrow(request, database, stacks)


@pytest.mark.parametrize(
    ("point", "is_committed"), [("before-commit", False), ("before-ack", True)]
)
def test_what_a_killed_consumer_had_in_hand_is_counted_once(world, point, is_committed):
    mail = Mail(world.stack, contacts=3, pixels=2)
    hits = mail.hits(2)
    since = len(world.consumer(OTHER).text())
    with world.consumers_held(OTHER):
        with world.consumers_held(ONE):
            assert set(world.fetch_together(hits)) == {"stored"}
            world.points.arm(f"{ONE}-{point}")
        world.wait_until_dead(ONE)
        counted = mail.openings()
        assert bool(counted) is is_committed
        assert world.waiting() > 0
    world.wait_for_line(OTHER, "Took over", since)
    world.settle()
    mail.expect(hits)


def test_two_consumers_share_the_work_on_the_same_pixels(world):
    mail = Mail(world.stack, contacts=2, pixels=10)
    hits = mail.hits(10)
    with world.consumers_held():
        before = {name: len(world.points.noted(name)) for name in CONSUMERS}
        assert set(world.fetch_together(hits)) == {"stored"}
        # And each is delivered again, as by a web process that tried again: so many times that
        # one consumer is busy with the first of them when the other one begins.
        for _, entry in world.client.xrange(STREAM):
            for _ in range(20):
                world.client.xadd(STREAM, entry)
    world.settle()
    for name in CONSUMERS:
        assert len(world.points.noted(name)) > before[name]
    mail.expect(hits)


def test_a_consumer_that_is_slow_to_commit_loses_its_batch_to_another_and_it_counts_once(world):
    mail = Mail(world.stack, contacts=2, pixels=2)
    hits = mail.hits(2)
    since = len(world.consumer(OTHER).text())
    with world.points.held(f"{ONE}-in-transaction"):
        with world.consumers_held(OTHER):
            with world.consumers_held(ONE):  # so that it gets them all
                world.fetch_together(hits)
            world.points.wait_until_reached(f"{ONE}-in-transaction")
        # The other one now takes over what the first has written and not committed.
        world.wait_for_line(OTHER, "Took over", since)
        world.database.wait_until_waiting()
        assert mail.openings() == []
    world.settle()
    mail.expect(hits)


def test_a_consumer_waits_for_another_that_is_about_to_count_the_same_reader(world):
    mail = Mail(world.stack, contacts=2, pixels=2)
    hits = mail.hits(2)
    with world.points.held(f"{ONE}-in-transaction"):
        with world.consumers_held(OTHER):
            with world.consumers_held(ONE):
                world.fetch_together(hits)
            world.points.wait_until_reached(f"{ONE}-in-transaction")
            # The filter is lost, so the same readers come again with other event ids.
            world.forget_filter()
            assert set(world.fetch_together(hits)) == {"stored"}
        world.database.wait_until_waiting()
    world.settle()
    mail.expect(hits)
