"""How rows leave together with what other apps keep about them.

`campaigns` can't import the apps that build on it, so these register here (in their
`AppConfig.ready`) a function that forgets what they hold about some contacts. It runs inside
the transaction that removes the contacts, before them.
"""

from collections.abc import Callable

from django.db.models import QuerySet

_forgetters: list[Callable[[QuerySet], None]] = []


def before_contacts_go(forget: Callable[[QuerySet], None]):
    """Register `forget(contacts)`."""
    _forgetters.append(forget)


def forget_all_about(contacts: QuerySet):
    """Call it inside the transaction that removes the contacts."""
    for forget in _forgetters:
        forget(contacts)
