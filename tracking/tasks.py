from celery import shared_task
from django.core.management import call_command


@shared_task
def forget_old_openings():
    """Every night, where OPENING_RETENTION_DAYS is set."""
    call_command("forget_old_openings")
