"""The Celery application: `celery -A pixeltrack worker` and `celery -A pixeltrack beat`."""

import os

from celery import Celery
from celery.signals import worker_init
from click import Option

from accounts.collector import collect_nothing_while_loading
from pixeltrack.processes import give_way

collect_nothing_while_loading()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixeltrack.settings")

app = Celery("pixeltrack")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.user_options["worker"].add(
    Option(["--with-beat"], is_flag=True, help="Be beat as well, in a thread: for one worker only.")
)
app.steps["worker"].add("pixeltrack.beat_thread:BeatStep")  # by name: few processes need it


@worker_init.connect
def let_hits_go_first(**_):
    give_way()
