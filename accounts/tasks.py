from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

from accounts.idempotency import IdempotentRequest


@shared_task
def forget_expired_tokens():
    """Refresh tokens that have run out need no place in the blacklist any more."""
    call_command("flushexpiredtokens")


@shared_task
def forget_expired_requests():
    """Answers to requests with an Idempotency-Key are kept for a day."""
    IdempotentRequest.objects.expired(timezone.now()).delete()
