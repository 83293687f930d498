from celery import shared_task

from campaigns import removal_steps

SLICE_SECONDS = 4  # then it is another task's turn; what is left is due again at once


@shared_task
def remove_what_is_due():
    """Go on with the removals of campaigns and groups."""
    removal_steps.work(SLICE_SECONDS)
