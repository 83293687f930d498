"""The web worker: uvicorn's, in the only way that PixelTrack wants it."""

from django.conf import settings
from uvicorn_worker import UvicornWorker

# What is in flight may finish; then the lane still has time to hand over what it holds, before
# gunicorn's own patience (gunicorn.py: graceful_timeout) ends.
DRAIN_SECONDS = 10


class Worker(UvicornWorker):
    CONFIG_KWARGS = {
        "loop": "uvloop",
        "http": "httptools",
        "ws": "none",
        # Django alone, without the lane, knows no lifespan.
        "lifespan": "on" if settings.PIXEL_LANE else "off",
        # Forwarded headers are read by the application, which knows how many proxies to trust.
        "proxy_headers": False,
        "server_header": False,
        # A line per request would name tokens and addresses.
        "access_log": False,
        "timeout_graceful_shutdown": DRAIN_SECONDS,
    }
