"""Where a process tells of itself: /metrics and /healthz on a port of their own, which only the
machines inside can reach. A thread beside the work answers; /healthz says whether that goes on."""

import errno
import logging
import os
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST

from pixeltrack.environment import EnvironmentProblem
from pixeltrack.exposition import Exposition

logger = logging.getLogger(__name__)

PLAIN = "text/plain; charset=utf-8"


class MetricsServer:
    """Does nothing where PIXEL_METRICS_PORT is not set."""

    def __init__(self, exposition: Exposition, is_alive: Callable[[], bool]):
        self.exposition, self.is_alive = exposition, is_alive
        self._server: Server | None = None
        self._composing = threading.Lock()

    def start(self):
        if not settings.PIXEL_METRICS_PORT:
            return
        self._server = listening(settings.PIXEL_METRICS_PORT)
        self._server.replies = {"/metrics": self._metrics, "/healthz": self._healthz}
        # gunicorn forks beside us: what is locked at that moment would stay locked in the child,
        # which is not to keep the port open either.
        os.register_at_fork(
            before=self._composing.acquire,
            after_in_parent=self._composing.release,
            after_in_child=self._leave,
        )
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()

    def stop(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self):
        self.start()

    def __exit__(self, *exception):
        self.stop()

    def _leave(self):
        self._composing.release()
        if self._server:
            self._server.socket.close()
            self._server = None

    def _metrics(self) -> tuple[int, str, bytes]:
        with self._composing:
            return 200, CONTENT_TYPE_LATEST, self.exposition.text()

    def _healthz(self) -> tuple[int, str, bytes]:
        return (200, PLAIN, b"ok\n") if self.is_alive() else (503, PLAIN, b"does not go on\n")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    replies: dict[str, Callable[[], tuple[int, str, bytes]]]

    def handle_error(self, request, client_address):
        error = sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1]
        if not isinstance(error, OSError):  # whoever asked has gone
            logger.error("A request for metrics failed.", exc_info=error)


class Handler(BaseHTTPRequestHandler):
    timeout = 5  # seconds without a byte

    def do_GET(self):
        reply = self.server.replies.get(self.path.partition("?")[0])
        status, content_type, body = reply() if reply else (404, PLAIN, b"nothing here\n")
        self.send_response_only(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *about):
        """Nothing: a line for each scrape, with an address."""


def listening(port: int) -> Server:
    try:
        return Server(("0.0.0.0", port), Handler)  # nosec B104 # no compose file publishes it
    except OSError as error:
        why = {
            errno.EADDRINUSE: "is in use",
            errno.EACCES: "is for root alone",
        }.get(error.errno, f"can't be listened at ({error.strerror})")
        raise EnvironmentProblem(f"PIXEL_METRICS_PORT: port {port} {why}.") from None
