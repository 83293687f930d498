"""The web worker: uvicorn's, in the only way that PixelTrack wants it."""

import math

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn_worker import UvicornWorker

# What is in flight may finish; then the lane still has time to hand over what it holds, before
# gunicorn's own patience (gunicorn.py: graceful_timeout) ends.
DRAIN_SECONDS = 10


class Protocol(HttpToolsProtocol):
    """Answers a client that has closed its own side after asking; uvicorn would hang up."""

    _asks_no_more = False

    def eof_received(self):
        self._asks_no_more = True
        return self.cycle is not None and not self.cycle.response_complete  # stay, to write

    def on_response_complete(self):
        super().on_response_complete()
        if self._asks_no_more and not self.pipeline and self.cycle.response_complete:
            self.transport.close()


class Worker(UvicornWorker):
    CONFIG_KWARGS = {
        "loop": "uvloop",
        "http": Protocol,
        "ws": "none",
        # Django alone, without the lane, knows no lifespan.
        "lifespan": "on" if settings.PIXEL_LANE else "off",
        # Forwarded headers are read by the application, which knows how many proxies to trust.
        "proxy_headers": False,
        "server_header": False,
        # A line per request would name tokens and addresses.
        "access_log": False,
        "timeout_graceful_shutdown": DRAIN_SECONDS,
        # Tell gunicorn with every tick that the worker lives. uvicorn would count the time since by
        # the wall clock: set back, it says nothing for so long that gunicorn kills the worker.
        "timeout_notify": -math.inf,
    }
