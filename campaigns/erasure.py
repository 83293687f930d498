"""How a person is forgotten while the counts stay, also in the apps that build on this one.

As in `removal.py`, other apps register here (in their `AppConfig.ready`) a function that
forgets what they hold of some contacts' persons. It runs inside the transaction that erases the
contacts, after they are locked.
"""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import QuerySet

ERASED_DOMAIN = "erased.invalid"  # RFC 2606: no mail server will ever take a name in .invalid

_forgetters: list[Callable[[QuerySet], None]] = []


class AddressErased(ValidationError):
    """The address belongs to somebody who asked to be forgotten."""

    SENTENCE = (
        "The person with this address was erased and asked not to be tracked again. Leave the "
        "address out, or have a manager delete its entry under erased addresses."
    )

    def __init__(self):
        super().__init__({"email": ValidationError(self.SENTENCE, code="erased")})


class Overtaken(IntegrityError):
    """While a contact was being saved, it was erased or removed, or its address was erased.

    What the database would say if it could know; so it is told as a broken constraint is.
    """


def placeholder(contact_id: int) -> str:
    """What stands in the place of an erased contact's address; another one for each contact."""
    return f"erased-{contact_id}@{ERASED_DOMAIN}"


def is_placeholder(address: str) -> bool:
    return address.strip().lower().endswith(f"@{ERASED_DOMAIN}")


def when_contacts_are_erased(forget: Callable[[QuerySet], None]):
    """Register `forget(contacts)`."""
    _forgetters.append(forget)


def forget_persons_of(contacts: QuerySet):
    """Call it inside the transaction that erases the contacts, which it has locked."""
    for forget in _forgetters:
        forget(contacts)
