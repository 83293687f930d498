"""A Django view with a row per opening, as most would write it first.

    gunicorn benchmarks.peers.pixel_django.app:application

It needs a thread for each connection that is kept. MYSQL_HOST and its like, and FERNET_KEY, say
where the database is and how tokens were made.
"""

import os
from datetime import UTC, datetime

import django
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ["DJANGO_SECRET_KEY"],
    USE_TZ=True,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.mysql",
            "HOST": os.environ["MYSQL_HOST"],
            "PORT": os.environ["MYSQL_PORT"],
            "USER": os.environ["MYSQL_USER"],
            "PASSWORD": os.environ["MYSQL_PASSWORD"],
            "NAME": os.environ["MYSQL_DATABASE"],
            "CONN_MAX_AGE": None,
        }
    },
)
django.setup()

# They need the settings.
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402

from benchmarks.peers.pixel_gif import GIF, HEADERS  # noqa: E402

FERNET = Fernet(os.environ["FERNET_KEY"])


class Pixel(models.Model):
    uuid = models.CharField(max_length=32, unique=True)
    contact_id = models.BigIntegerField()

    class Meta:
        app_label, db_table = "peer", "pixels"

    def __str__(self):
        return self.uuid


class Opening(models.Model):
    pixel = models.ForeignKey(Pixel, models.CASCADE)
    opened_at = models.DateTimeField()
    user_agent = models.CharField(max_length=512)
    ip = models.GenericIPAddressField()

    class Meta:
        app_label, db_table = "peer", "openings"

    def __str__(self):
        return f"{self.pixel_id} at {self.opened_at}"


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
