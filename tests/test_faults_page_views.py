"""Page views where they go another way than pixels: in a transaction of their own, and past the
filter, so that the database alone knows what comes again."""

import pytest

from tests.faults.mail import Mail
from tests.faults.site import Site
from tests.faults.world import CONSUMERS, borrow

ONE, OTHER = CONSUMERS


@pytest.fixture
def world(request, database, stacks):
    yield from borrow(request, database, stacks)


@pytest.mark.parametrize(
    ("point", "is_committed"), [("between-kinds", False), ("before-ack-of-views", True)]
)
def test_a_consumer_killed_with_both_kinds_in_hand_counts_each_once(world, point, is_committed):
    mail, site = Mail(world.stack, pixels=4), Site(world)
    hits, views = mail.hits(1), site.views(users=3)
    site.recover()
    since = len(world.consumer(OTHER).text())
    with world.consumers_held(OTHER):
        with world.consumers_held(ONE):
            assert set(world.fetch_all(hits)) == {world.send(views)} == {"stored"}
            world.points.arm(f"{ONE}-{point}")
        world.wait_until_dead(ONE)
        mail.expect(hits)
        site.expect(views if is_committed else [])
        assert world.waiting() > 0
    world.wait_for_line(OTHER, "Took over", since)
    world.settle()
    mail.expect(hits)
    site.expect(views)


def test_with_both_away_the_spool_keeps_views_and_what_is_sent_again_counts_once(world):
    site = Site(world)
    views = site.views(users=3)
    world.points.arm("web-hurried")
    with world.database.down(), world.redis_down():
        assert world.send(views) == world.send(views[:4]) == "spooled"
    world.settle()
    site.expect(views)
    site.recover()
    assert world.send(views) == "stored"  # no filter keeps them back
    world.settle()
    site.expect(views)


def test_without_redis_a_list_of_views_keeps_no_pixel_from_the_database(world):
    mail, site = Mail(world.stack, pixels=4), Site(world)
    hits, views = mail.hits(1), site.views(users=300)
    with world.consumers_held(), world.redis_down():
        world.wait_for_outcome("database")
        assert world.send(views) == "spooled"
        assert set(world.fetch_all(hits)) == {"database"}
    world.settle()
    mail.expect(hits)
    site.expect(views)


def test_views_that_a_killed_redis_had_not_written_are_not_lost(world):
    site = Site(world)
    site.recover()
    views, late = site.views(users=3), site.views(users=4)
    with world.consumers_held():
        with world.redis_writing_nothing():
            assert world.send(views) == "stored"
        assert world.send(late) == "spooled"
        world.restart_redis()
        assert world.waiting() == 0  # it has forgotten them
    world.settle()
    site.expect(views + late)
