"""A Django view with a row per opening, as most would write it first.

    gunicorn benchmarks.peers.pixel_django.app:application

It needs a thread for each connection that is kept. MYSQL_HOST and its like, and FERNET_KEY, say
where the database is and how tokens were made.
"""

import os
from datetime import UTC, datetime

from cryptography.fernet import Fernet, InvalidToken

from benchmarks.peers.pixel_settings import configure

configure(__name__)

# They need the settings.
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402

from benchmarks.peers.pixel_gif import GIF, HEADERS  # noqa: E402
from benchmarks.peers.pixel_models import Opening, Pixel  # noqa: E402

FERNET = Fernet(os.environ["FERNET_KEY"])


def pixel(request, token):
    try:
        found = Pixel.objects.get(uuid=FERNET.decrypt(token + "=").hex())
    except (InvalidToken, Pixel.DoesNotExist):
        return gif()
    Opening.objects.create(
        pixel=found,
        opened_at=datetime.now(UTC),
        user_agent=request.headers.get("User-Agent", "")[:512],
        ip=request.META["REMOTE_ADDR"],
    )
    return gif()


def gif():
    return HttpResponse(GIF, content_type="image/gif", headers=HEADERS)


urlpatterns = [path("p/<token>.gif", pixel)]
application = get_wsgi_application()
