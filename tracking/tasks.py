from celery import shared_task

from tracking import retention
from tracking.models import anonymous_reader

SLICE_SECONDS = 4  # then it is another task's turn; what is left is due again within a minute


@shared_task
def forget_old_openings():
    """Go on with the openings that are older than OPENING_RETENTION_DAYS."""
    retention.work(SLICE_SECONDS)


@shared_task
def forget_anonymous_readers():
    """What tells the readers of anonymous openings apart is kept for less than a day."""
    anonymous_reader.forget_anonymous_readers()
