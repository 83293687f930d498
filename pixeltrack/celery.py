"""The Celery application: `celery -A pixeltrack worker` and `celery -A pixeltrack beat`."""

import os

from celery import Celery

from accounts.collector import collect_nothing_while_loading

collect_nothing_while_loading()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixeltrack.settings")

app = Celery("pixeltrack")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
