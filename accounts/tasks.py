from celery import shared_task
from django.utils import timezone

from accounts.models import IdempotentRequest, LoginTrace, TokenFamily


@shared_task
def forget_expired_requests():
    """Answers to requests with an Idempotency-Key are kept for a day."""
    IdempotentRequest.objects.expired(timezone.now()).delete()


@shared_task
def forget_expired_logins():
    """Logins whose tokens have run out, and failed ones that count no more."""
    TokenFamily.objects.forget_expired()
    LoginTrace.objects.forget_expired()
