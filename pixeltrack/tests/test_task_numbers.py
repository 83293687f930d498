"""Tasks by what became of them. With a real worker: tests/test_metrics.py."""

import pytest
from celery import shared_task
from celery.exceptions import Reject
from celery.signals import task_revoked, task_unknown
from prometheus_client import REGISTRY

from pixeltrack.task_numbers import begun


@shared_task(name="tests.ends", bind=True, max_retries=5)
def ends(self, how: str):
    if how == "failed":
        raise ValueError("somebody@example.com")
    if how == "retried":
        raise self.retry(countdown=1, throw=False)
    if how == "rejected":
        raise Reject("not today")


def counted(outcome: str, task="tests.ends") -> float:
    labels = {"task": task, "outcome": outcome}
    return REGISTRY.get_sample_value("pixeltrack_tasks_total", labels) or 0


def timed() -> float:
    labels = {"task": "tests.ends"}
    return REGISTRY.get_sample_value("pixeltrack_task_seconds_count", labels) or 0


@pytest.mark.parametrize("outcome", ["succeeded", "failed", "rejected"])
def test_each_end_of_a_task_is_counted_and_timed(outcome):
    before = counted(outcome), timed()
    ends.apply((outcome,))
    assert (counted(outcome), timed()) == (before[0] + 1, before[1] + 1)
    assert not begun


def test_a_task_that_is_tried_again_is_counted_each_time():
    before = counted("retried")
    ends.apply(("retried",))
    assert counted("retried") > before


def test_what_had_expired_or_is_no_task_of_ours_was_rejected():
    before = counted("rejected"), counted("rejected", task="unknown")
    task_revoked.send(ends, request=None, terminated=False, signum=None, expired=True)
    task_unknown.send(None, message=None, exc=None, name="somebody's", id="1")
    assert counted("rejected") == before[0] + 1
    assert counted("rejected", task="unknown") == before[1] + 1
