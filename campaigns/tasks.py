from threading import Event, Lock

from celery import shared_task
from celery.signals import worker_shutting_down

from campaigns import import_steps, removal_steps
from campaigns.models import ContactImport

SLICE_SECONDS = 4  # then it is another task's turn; what is left is due again at once

importing, ending = Lock(), Event()
worker_shutting_down.connect(lambda **about: ending.set(), weak=False)


@shared_task
def remove_what_is_due():
    """Go on with the removals of campaigns and groups."""
    removal_steps.work(SLICE_SECONDS)


@shared_task
def import_what_is_due():
    """Take in the contacts of imports that are due: one import at a time, so that other tasks
    of this worker have their turn beside it. Another worker may take in another import."""
    if importing.acquire(blocking=False):
        try:
            import_steps.work(stop=ending.is_set)
        finally:
            importing.release()


@shared_task
def forget_old_imports():
    """What imports keep of persons goes some time after their end."""
    ContactImport.objects.forget_old()
