from celery import shared_task

from accounts.models import LoginTrace, TokenFamily


@shared_task
def forget_expired_logins():
    """Logins whose tokens have run out, and failed ones that count no more."""
    TokenFamily.objects.forget_expired()
    LoginTrace.objects.forget_expired()
