from celery import shared_task

from tracking import drift, due, retention
from tracking.models import anonymous_reader
from tracking.page_views import retention as view_retention

SLICE_SECONDS = 4  # then it is another task's turn; what is left is due again within a minute


@shared_task
def forget_old_openings():
    """Go on with the openings that are older than OPENING_RETENTION_DAYS."""
    retention.work(SLICE_SECONDS)


@shared_task
def forget_old_page_views():
    """Go on with the page views that are older than PAGE_VIEW_RETENTION_DAYS."""
    view_retention.work(SLICE_SECONDS)


@shared_task
def forget_anonymous_readers():
    """What tells the readers of anonymous openings apart is kept for less than a day."""
    anonymous_reader.forget_anonymous_readers()


@shared_task
def rebuild_what_is_due():
    """Go on with names and counts that an upgrade has made out of date."""
    due.work(SLICE_SECONDS)


@shared_task
def look_for_drift():
    """Compare some of the counts with the openings; the metric tells."""
    drift.look()
