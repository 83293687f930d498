from celery import shared_task
from django.core.management import call_command

from tracking.models import anonymous_reader


@shared_task
def forget_old_openings():
    """Every night, where OPENING_RETENTION_DAYS is set."""
    call_command("forget_old_openings")


@shared_task
def forget_anonymous_readers():
    """What tells the readers of anonymous openings apart is kept for less than a day."""
    anonymous_reader.forget_anonymous_readers()
