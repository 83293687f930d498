"""gunicorn's settings: `gunicorn -c python:pixeltrack.gunicorn pixeltrack.asgi:application`."""

import tempfile

from django.apps import apps
from django.urls import get_resolver

from accounts.collector import collect_rarely
from pixeltrack.processes import end_with_parent, gather_metrics
from pixeltrack.settings import HOST, PORT, VAR_DIR, WEB_CONCURRENCY

gather_metrics(VAR_DIR / "metrics")

from prometheus_client.multiprocess import mark_process_dead  # noqa: E402 - not before that line

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


def on_starting(server):
    if apps.ready:
        get_resolver().url_patterns  # noqa: B018 - else each worker loads all views for itself
    collect_rarely()


def post_fork(server, worker):
    end_with_parent()  # uvicorn's worker doesn't look after its parent: it would keep the port


def child_exit(server, worker):
    mark_process_dead(worker.pid)
