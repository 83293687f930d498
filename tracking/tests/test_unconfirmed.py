"""Which hits may have died with Redis."""

import pytest

from tracking import unconfirmed as module
from tracking.unconfirmed import KEPT_S, PackedHit, Unconfirmed
from tracking.way import Way


def hit(name) -> PackedHit:
    return PackedHit(str(name).encode(), b"packed")


@pytest.fixture
def unconfirmed():
    kept = Unconfirmed()
    kept.lost_with("run 1")
    return kept


@pytest.mark.parametrize(
    ("answers", "lost"), [("run 1", []), ("run 2", [hit(1), hit(2)]), (None, [hit(1), hit(2)])]
)
def test_only_another_run_of_redis_or_none_may_have_lost_hits(unconfirmed, answers, lost):
    unconfirmed.add([hit(1)])
    unconfirmed.add([hit(2)])
    assert unconfirmed.lost_with(answers) == lost
    assert unconfirmed.lost_with("run 3" if lost else "run 1") == []  # handed out once


def test_the_run_after_one_that_was_gone_is_compared_with_the_one_before(unconfirmed):
    assert unconfirmed.lost_with(None) == []
    unconfirmed.add([hit(1)])
    assert unconfirmed.lost_with("run 1") == []
    assert unconfirmed.lost_with("run 2") == [hit(1)]


def test_what_is_old_is_written_by_now(unconfirmed, monkeypatch):
    now = 100.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    unconfirmed.add([hit(1)])
    now += KEPT_S
    unconfirmed.add([hit(2)])
    now += 0.1
    unconfirmed.add([hit(3)])
    now += 3600  # nothing was stored since: these may still be the last ones of a dead Redis
    assert unconfirmed.lost_with(None) == [hit(2), hit(3)]


def test_refreshes_are_in_no_stream_and_are_not_kept():
    way = Way()
    way.took([hit("stored"), hit("refresh")], [True, False])
    assert way.unconfirmed.lost_with(None) == [hit("stored")]


class Disk:
    """In the place of the fallback."""

    def __init__(self):
        self.refuses, self.taken = True, []

    def __call__(self):
        return self

    def take_to_spool(self, hits):
        if self.refuses:
            return None
        self.taken += hits
        return hits


@pytest.fixture
def disk(monkeypatch):
    disk = Disk()
    monkeypatch.setattr("tracking.way.fallback", disk)
    return disk


@pytest.mark.parametrize("run", ["run 2", None])
def test_what_the_disk_refuses_is_tried_again(disk, run):
    way = Way()
    way.save_unconfirmed("run 1")
    way.took([hit("a"), hit("b")], [True, True])
    way.save_unconfirmed(run)
    disk.refuses = False
    way.save_unconfirmed(run)
    way.save_unconfirmed(run)
    assert disk.taken == [hit("a"), hit("b")]


def test_and_does_not_grow_old_meanwhile(disk, monkeypatch):
    way = Way()
    way.save_unconfirmed("run 1")
    way.took([hit("lost")], [True])
    way.save_unconfirmed("run 2")
    now = module.time.monotonic() + KEPT_S + 1
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    way.took([hit("of the new run")], [True])
    disk.refuses = False
    way.save_unconfirmed("run 2")
    assert disk.taken == [hit("lost")]
