"""Redis dies, freezes, has no memory left, or is made a replica: each for real."""

import time

import pytest

from tests.faults.mail import Mail
from tests.faults.world import borrow
from tests.services import wait_until
from tests.stores import wait_until_written


@pytest.fixture
def world(request, database, stacks):
    yield from borrow(request, database, stacks)


def test_a_killed_redis_still_has_all_that_was_answered(world):
    assert world.client.config_get("appendfsync") == {"appendfsync": "everysec"}
    mail = Mail(world.stack, pixels=10)
    hits = mail.hits(5)
    with world.consumers_held():
        assert set(world.fetch_together(hits)) == {"stored"}
        entries = world.waiting()
        wait_until_written(world.client)
        with world.redis_down():
            late = mail.hits(1, prefix="late")
            assert set(world.fetch_all(late)) == {"database"}
        assert world.waiting() == entries > 0
    world.settle()
    mail.expect(hits + late)
    # Nor has the filter forgotten them.
    world.recover()
    assert set(world.fetch_together(hits)) == {"refresh"}


@pytest.mark.parametrize("again", ["before the next hit", "after it"])
def test_what_a_killed_redis_answered_and_had_not_written_yet_is_not_lost(world, again):
    mail = Mail(world.stack, pixels=5)
    world.recover()
    hits, late = mail.hits(3), mail.hits(1, prefix="late")
    with world.consumers_held():
        with world.redis_writing_nothing():
            assert set(world.fetch_together(hits)) == {"stored"}
            assert world.waiting() > 0
        if again == "before the next hit":
            world.restart_redis()
            assert world.waiting() == 0  # it has forgotten them
        assert set(world.fetch_all(late)) <= {"database", "stored"}
        if again == "after it":
            world.restart_redis()
    world.settle()
    mail.expect(hits + late)


def test_a_frozen_redis_is_asked_once_a_second_and_the_database_answers(world):
    mail = Mail(world.stack, pixels=10)
    hits = mail.hits(4)
    world.points.arm("web-blind")  # so that the first question is the script
    with world.consumers_held():
        asked, began = len(world.points.noted("asked")), time.monotonic()
        with world.redis_frozen():
            assert set(world.fetch_all(hits)) == {"database"}
            seconds = time.monotonic() - began
            asked = len(world.points.noted("asked")) - asked
        assert 1 <= asked <= 1 + seconds  # the others did not wait
        # What it was asked for while it was frozen, it does now, and nobody waits for its word.
        wait_until(world.waiting, what="Redis has done what it was asked for")
    world.settle()
    mail.expect(hits)


def refuse_memory(client):
    client.config_set("maxmemory", 1)
    return lambda: client.config_set("maxmemory", 0)


def make_replica(client):
    client.replicaof("127.0.0.1", 1)  # nobody is there: it stays one
    return lambda: client.replicaof("NO", "ONE")


@pytest.mark.parametrize("refuse", [refuse_memory, make_replica], ids=["OOM", "READONLY"])
def test_where_redis_refuses_to_write_the_database_takes_the_hits(world, refuse):
    mail = Mail(world.stack, pixels=5)
    hits, later = mail.hits(2), mail.hits(1, prefix="later")
    world.points.arm("web-blind")  # else it would see how full Redis is, and not try at all
    keys = len(world.filter_keys())
    allow = refuse(world.client)
    assert set(world.fetch_all(hits)) == {"database"}
    allow()
    assert len(world.filter_keys()) == keys  # none that would hide an opening
    world.recover()
    assert set(world.fetch_all(later)) == {"stored"}
    world.settle()
    mail.expect(hits + later)


def test_a_redis_without_memory_is_spared_by_way_of_the_spool(world):
    mail = Mail(world.stack, pixels=5)
    hits = mail.hits(2)
    allow = refuse_memory(world.client)
    world.wait_for_outcome("spooled")
    assert set(world.fetch_all(hits)) == {"spooled"}
    allow()
    world.settle()
    mail.expect(hits)
