"""What becomes of Celery's tasks, and how long they take."""

import time

from celery import states
from celery.signals import (
    task_postrun,
    task_prerun,
    task_rejected,
    task_revoked,
    task_unknown,
    worker_init,
)
from prometheus_client import Counter, Histogram

OUTCOMES = {
    states.SUCCESS: "succeeded",
    states.FAILURE: "failed",
    states.RETRY: "retried",
    states.REJECTED: "rejected",
}
REJECTED = OUTCOMES[states.REJECTED]
UNKNOWN = "unknown"  # no task of ours: its name could be anything
TASKS = Counter(
    "pixeltrack_tasks_total",
    "Celery tasks by what became of them; those that had expired were rejected",
    ["task", "outcome"],
)
SECONDS = Histogram(
    "pixeltrack_task_seconds",
    "How long a task took",
    ["task"],
    buckets=(0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
)
begun: dict[str, float] = {}  # by task id; those that are running


@worker_init.connect
def show_all(sender, **about):
    """Each task and outcome from the beginning, so that the first one is seen as an increase."""
    for name in [*sender.app.tasks, UNKNOWN]:
        if not name.startswith("celery."):
            for outcome in OUTCOMES.values():
                TASKS.labels(name, outcome)


@task_prerun.connect
def note_begin(task_id, **about):
    begun[task_id] = time.monotonic()


@task_postrun.connect
def note_end(task_id, task, state=None, **about):
    if outcome := OUTCOMES.get(state):
        TASKS.labels(task.name, outcome).inc()
    if (since := begun.pop(task_id, None)) is not None:
        SECONDS.labels(task.name).observe(time.monotonic() - since)


@task_revoked.connect
def note_revoked(sender, **about):
    TASKS.labels(sender.name, REJECTED).inc()


@task_rejected.connect
@task_unknown.connect
def note_unknown(**about):
    TASKS.labels(UNKNOWN, REJECTED).inc()
