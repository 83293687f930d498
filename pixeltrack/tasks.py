"""Celery's processes tell of themselves. Loaded where tasks are: in the worker and in beat."""

from celery import shared_task
from celery.signals import beat_init, task_postrun, worker_init

from pixeltrack import task_numbers  # noqa: F401 - connects itself
from pixeltrack.metrics_server import MetricsServer
from pixeltrack.scheduler import Scheduler
from pixeltrack.sources import BEAT, WORKER
from tracking.heartbeat import Heartbeat

heartbeat = Heartbeat("worker")


@shared_task
def give_sign_of_life():
    """Asked for by beat, so that a worker has something to do: see `go_on`."""


@task_postrun.connect
def go_on(**about):
    """After any task: of several workers, none has to wait until it is its turn with that one."""
    heartbeat.beat()


@worker_init.connect
def tell_of_worker(sender, **about):
    beat_init.disconnect(tell_of_beat)  # a beat inside it is told of on the worker's own port
    signs = [heartbeat]
    if sender.options.get("with_beat"):
        signs.append(Scheduler.heartbeat)
    MetricsServer(WORKER, lambda: all(sign.is_alive() for sign in signs)).start()


@beat_init.connect
def tell_of_beat(**about):
    MetricsServer(BEAT, Scheduler.heartbeat.is_alive).start()
