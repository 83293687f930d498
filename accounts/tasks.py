from celery import shared_task
from django.core.management import call_command


@shared_task
def forget_expired_tokens():
    """Refresh tokens that have run out need no place in the blacklist any more."""
    call_command("flushexpiredtokens")
