"""Hits take the express lane; everything else goes to Django, within its limits."""

import os
import tempfile
import warnings

from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixeltrack.settings")
# WhiteNoise sends static files as plain iterators, which is well under a server like ours.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume")
django = get_asgi_application()
# Where Django keeps a long body while it comes in. Python's own folder is often in memory.
tempfile.tempdir = settings.FILE_UPLOAD_TEMP_DIR

from pixeltrack.request_limits import RequestLimits  # noqa: E402 - needs the apps loaded

# They need the apps loaded, as they are by now.
from tracking import verdict_data  # noqa: E402

verdict_data.load()  # once for all workers, which share what was there when they began

if settings.PIXEL_LANE:
    from tracking.lane import ExpressLane
    from tracking.models.user_agent import describe_user_agent

    # Reads its rules, 26 MB: here once for all workers, and not when Redis has failed. Each would
    # stand still for a quarter of a second, longer than hits may wait for the database.
    describe_user_agent("")
    application = ExpressLane(django, RequestLimits)
else:
    application = RequestLimits(django)
