"""Which hits may have died with Redis."""

import pytest

from tracking import unconfirmed as module
from tracking.unconfirmed import KEPT_S, Unconfirmed
from tracking.way import Way


@pytest.fixture
def unconfirmed():
    kept = Unconfirmed()
    kept.lost_with("run 1")
    return kept


@pytest.mark.parametrize(("answers", "lost"), [("run 1", []), ("run 2", [1, 2]), (None, [1, 2])])
def test_only_another_run_of_redis_or_none_may_have_lost_hits(unconfirmed, answers, lost):
    unconfirmed.add([1])
    unconfirmed.add([2])
    assert unconfirmed.lost_with(answers) == lost
    assert unconfirmed.lost_with("run 3" if lost else "run 1") == []  # handed out once


def test_the_run_after_one_that_was_gone_is_compared_with_the_one_before(unconfirmed):
    assert unconfirmed.lost_with(None) == []
    unconfirmed.add([1])
    assert unconfirmed.lost_with("run 1") == []
    assert unconfirmed.lost_with("run 2") == [1]


def test_what_is_old_is_written_by_now(unconfirmed, monkeypatch):
    now = 100.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    unconfirmed.add([1])
    now += KEPT_S
    unconfirmed.add([2])
    now += 0.1
    unconfirmed.add([3])
    now += 3600  # nothing was stored since: these may still be the last ones of a dead Redis
    assert unconfirmed.lost_with(None) == [2, 3]


def test_refreshes_are_in_no_stream_and_are_not_kept():
    way = Way()
    way.took(["stored", "refresh"], [True, False])
    assert way.unconfirmed.lost_with(None) == ["stored"]


def test_what_the_disk_refuses_is_tried_again(monkeypatch):
    way, refusing = Way(), [True]
    taken = []

    class Disk:
        def take_to_spool(self, hits):
            if refusing[0]:
                return None
            taken.extend(hits)
            return hits

    monkeypatch.setattr("tracking.way.fallback", Disk)
    way.took(["a", "b"], [True, True])
    way.save_unconfirmed(None)
    refusing[0] = False
    way.save_unconfirmed(None)
    way.save_unconfirmed(None)
    assert taken == ["a", "b"]
