"""Short ways to the rows that tests need; they go through the same verbs as the product."""

from itertools import count

from django.db import transaction

from accounts.models import User
from campaigns.models import Campaign, Contact

_numbers = count(1)


def make_user(**fields) -> User:
    number = next(_numbers)
    fields.setdefault("username", f"owner{number}")
    fields.setdefault("email", f"owner{number}@example.com")
    fields.setdefault("password", None)
    return User.objects.create_user(**fields)


def make_campaign(team=None, **fields) -> Campaign:
    fields.setdefault("name", f"Campaign {next(_numbers)}")
    return Campaign.objects.start(team=team or make_user().own_team, **fields)


def make_contact(group=None, **fields) -> Contact:
    fields.setdefault("email", f"contact{next(_numbers)}@example.com")
    return Contact.objects.schedule(group=group or make_campaign().groups.get(), **fields)


@transaction.atomic
def reschedule(contact: Contact, moment):
    change(contact, scheduled_at=moment)


@transaction.atomic
def change(contact: Contact, **fields):
    """As its page in the admin does."""
    was = contact.lock()
    for name, value in fields.items():
        setattr(contact, name, value)
    contact.save()
    contact.settle(was)
