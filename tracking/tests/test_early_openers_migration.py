"""Contacts that had opened before they were scheduled, when that was not kept yet."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from campaigns.tests.factories import make_contact
from tracking.models import ContactOpenings
from tracking.tests.opened import open_pixel

migration = import_module("tracking.migrations.0015_early_openers")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def opened(before: timedelta):
    """A contact, opened so long before it is scheduled, of which that is not known."""
    contact = make_contact(scheduled_at=NOON + 30 * SECOND)
    open_pixel(contact.pixels.get(), contact.scheduled_at - before)
    ContactOpenings.objects.update(early_group=None, early_until=None)
    return contact


@pytest.mark.django_db
def test_they_are_found_by_the_minute(monkeypatch):
    monkeypatch.setattr(migration, "AT_ONCE", 1)
    early = [opened(before) for before in (31 * SECOND, timedelta(days=1))]
    for before in (30 * SECOND, SECOND, -SECOND):
        opened(before)  # within the minute, from whose beginning on it is due, or later
    ContactOpenings.objects.update(early_group=None, early_until=None)
    migration.find_early(apps, SimpleNamespace(connection=connection))
    found = ContactOpenings.objects.exclude(early_until=None)
    assert {row.pk: (row.early_group_id, row.early_until) for row in found} == {
        contact.pk: (contact.group_id, NOON) for contact in early
    }
