"""Redis and the database are both away, and then the disk is full as well."""

import re

import pytest

from tests.faults.disk import small_disk
from tests.faults.mail import Mail
from tests.faults.world import CONSUMERS, borrow
from tests.services import wait_until
from tests.wire import get
from tracking.spool import read_line

LONG_READER = "r" * 480  # so that few hits fill the disk


@pytest.fixture
def world(request, database, stacks):
    yield from borrow(request, database, stacks)


def test_with_both_away_the_spool_keeps_the_hits_of_a_killed_process_too(world):
    mail = Mail(world.stack, contacts=2, pixels=5)
    hits, after = mail.hits(2), mail.hits(1, prefix="after")
    world.points.arm("web-hurried")
    with world.database.down(), world.redis_down():
        assert set(world.fetch_together(hits)) == {"spooled"}
        before = world.worker()
        world.kill_worker()
        wait_until(lambda: world.worker() not in (None, before), what="a new worker")
        assert set(world.fetch_all(after)) == {"spooled"}
    world.settle()
    mail.expect(hits + after)


def lost_metric(world) -> float:
    text = get(f"{world.url}/metrics").text
    found = re.search(r'^pixeltrack_hits_total\{outcome="lost"\} (\S+)', text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def spool_lines(world) -> list[bytes]:
    return [line for path in world.spool.glob("*.spool") for line in path.open("rb")]


def test_a_full_spool_disk_loses_what_it_says_and_nothing_else(world):
    mail = Mail(world.stack, contacts=2, pixels=10)
    hits = mail.hits(10, prefix=LONG_READER)
    logs = {name: len(world.stack.services[name].text()) for name in ("web-faults", *CONSUMERS)}
    before = lost_metric(world)
    world.points.arm("web-hurried")
    with small_disk(world):
        with world.database.down(), world.redis_down():
            outcomes = world.fetch_together(hits)
            assert set(outcomes) == {"spooled", "lost"}
            lost = outcomes.count("lost")
            assert lost_metric(world) == before + lost
            groups = re.findall(r"Lost (\d+) hits", world.web.text()[logs["web-faults"] :])
            assert sum(map(int, groups)) == lost  # a group is one line
            spooled = [hit for hit, what in zip(hits, outcomes, strict=True) if what == "spooled"]
            lines = spool_lines(world)
            assert len(lines) >= len(spooled)
            for line in lines:
                read_line(line)  # none is torn
            # An attempt that was given up may still wait, and would succeed if there were a
            # database.
            world.wait_until_no_attempt_waits()
        # The disk is still full, and the consumers empty it nevertheless.
        world.recover()
        world.settle()
    mail.expect(spooled)
    for name in CONSUMERS:
        assert "unreadable" not in world.consumer(name).text()[logs[name] :]
        assert world.consumer(name).process.poll() is None
