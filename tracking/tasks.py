from celery import shared_task

from tracking.models import anonymous_reader


@shared_task
def forget_anonymous_readers():
    """What tells the readers of anonymous openings apart is kept for less than a day."""
    anonymous_reader.forget_anonymous_readers()
