"""Staff for the tests of the admin pages."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, User

MANAGER = Membership.Role.MANAGER
ALL = ("add", "change", "delete", "view")


def make_staff(name="anna", team=None, models=(), actions=ALL, role=MANAGER) -> User:
    """A member of `team` who is staff, with these permissions on these models."""
    user = User.objects.create_user(name, f"{name}@example.com", is_staff=True)
    if team:
        Membership.objects.create(team=team, user=user, role=role)
    for model in models:
        codenames = [f"{action}_{model._meta.model_name}" for action in actions]
        app = model._meta.app_label
        user.user_permissions.add(
            *Permission.objects.filter(content_type__app_label=app, codename__in=codenames)
        )
    return user


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin_client() -> Client:
    """A superuser's; without the second that pytest-django's spends on hashing a password."""
    return signed_in(User.objects.create_superuser("admin", "admin@example.com"))


def page(model, what="changelist", *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=args)


def said(reply) -> str:
    """The messages to the user."""
    return " ".join(map(str, get_messages(reply.wsgi_request)))


def inline(prefix: str, *rows: dict, initial=0, **form) -> dict:
    """The fields that a browser sends for the rows of an inline, beside those of the form."""
    data = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial}
    for position, row in enumerate(rows):
        data |= {f"{prefix}-{position}-{name}": value for name, value in row.items()}
    return form | data
