"""pytracking's view of opens, with a row for each: what its `notify_tracking_event` is for.

    gunicorn benchmarks.peers.pixel_pytracking.app:application

Its addresses are encrypted, and name the pixel's row, as they can say whatever one likes: so there
is nothing to look up. It answers a PNG of its own. MYSQL_HOST and its like, and FERNET_KEY, say
where the database is and how addresses were made.
"""

import os
from datetime import UTC, datetime

import pytracking

from benchmarks.peers.pixel_settings import configure

configure(
    __name__, PYTRACKING_CONFIGURATION={"encryption_bytestring_key": os.environ["FERNET_KEY"]}
)

# They need the settings.
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import path  # noqa: E402
from pytracking.django import (  # noqa: E402
    OpenTrackingView,
    get_configuration_from_settings,
)

from benchmarks.peers.pixel_models import Opening  # noqa: E402

CONFIGURATION = get_configuration_from_settings()


class OpenView(OpenTrackingView):
    def get_configuration(self) -> pytracking.Configuration:
        """Made once: the view itself would read the settings for each request."""
        return CONFIGURATION

    def notify_tracking_event(self, tracking_result: pytracking.TrackingResult):
        Opening.objects.create(
            pixel_id=tracking_result.metadata["pixel"],
            opened_at=datetime.fromtimestamp(tracking_result.timestamp, UTC),
            user_agent=(tracking_result.request_data["user_agent"] or "")[:512],
            ip=tracking_result.request_data["user_ip"],
        )


urlpatterns = [path("p/<path>.gif", OpenView.as_view())]
application = get_wsgi_application()
