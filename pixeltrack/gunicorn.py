"""gunicorn's settings: `gunicorn -c python:pixeltrack.gunicorn pixeltrack.asgi:application`."""

import signal
import sys
import tempfile

from django.apps import apps
from django.urls import get_resolver

from accounts.collector import collect_rarely
from pixeltrack.processes import (
    end_with_parent,
    gather_metrics,
    gather_metrics_alone,
    give_way,
)
from pixeltrack.settings import (
    HOST,
    PIXEL_LANE,
    PIXEL_METRICS_PORT,
    PORT,
    VAR_DIR,
    WEB_CONCURRENCY,
)

if PIXEL_METRICS_PORT:  # else others of the machine may share var/, and process ids are its own
    gather_metrics_alone()
else:
    gather_metrics(VAR_DIR / "metrics")

# Not before these lines: they read the variable.
from pixeltrack.exposition import Asked, Exposition
from pixeltrack.metric_files import MetricFiles
from pixeltrack.metrics_server import MetricsServer
from pixeltrack.parts import Channel, Part, part_for_one_more
from pixeltrack.web_answers import web_answers
from tracking.host import host_numbers

bind = f"[{HOST}]:{PORT}" if ":" in HOST else f"{HOST}:{PORT}"
workers = WEB_CONCURRENCY
worker_class = "pixeltrack.worker.Worker"
preload_app = True  # halves the workers' memory; they connect when they begin, not before
keepalive = 75  # longer than NGINX keeps its idle connections, so that NGINX closes them
graceful_timeout = 15
worker_tmp_dir = tempfile.gettempdir()  # for the workers' signs of life; asgi.py moves the rest
loglevel = "warning"
accesslog = None  # a line per request would name tokens and addresses
control_socket_disable = True  # one path per user: two servers would fight over it

# Seconds after which a thread that makes a page must let another go on: the one that takes in hits
# shares its process. By Python's 5 ms, a hit would wait for each of its two turns.
TURN = 0.0005

# Elsewhere than on Linux, connections can't be passed on like that; without the lane, nobody has
# anything to gain.
has_parts = PIXEL_LANE and WEB_CONCURRENCY > 1 and sys.platform == "linux"
channels = {part: Channel() for part in Part} if has_parts else {}

files = MetricFiles.shared()
# By the process that outlives the workers. It is alive as long as one of them answers.
metrics = MetricsServer(Exposition(Asked(host_numbers)), web_answers)


def on_starting(server):
    if apps.ready:
        get_resolver().url_patterns  # noqa: B018 - else each worker loads all views for itself
    collect_rarely()


def pre_fork(server, worker):
    if channels:
        worker.part, worker.channels = part_for_one_more(server.WORKERS.values()), channels


def post_fork(server, worker):
    sys.setswitchinterval(TURN)
    if worker.part is Part.PAGES:
        give_way()
    end_with_parent()  # uvicorn's worker doesn't look after its parent: it would keep the port


def child_exit(server, worker):
    files.has_ended(worker.pid)
    if channels:
        keep_both_parts(server)


def nworkers_changed(server, new, old):
    """By a signal: nobody would take what one worker passes on."""
    if channels and new == 1:
        server.log.warning("Two workers are the least where each has its part. Two go on.")
        server.num_workers = len(channels)


def keep_both_parts(server):
    """If only workers of one part are left, and none is missing, one gives way to the other part:
    gunicorn ends the oldest when it is told to go on with fewer."""
    workers = server.WORKERS.values()
    if len(workers) >= server.num_workers > 0 and len({each.part for each in workers}) == 1:
        server.kill_worker(min(workers, key=lambda each: each.age).pid, signal.SIGTERM)


def when_ready(server):
    metrics.start()


def on_exit(server):
    metrics.stop()
