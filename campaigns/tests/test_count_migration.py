"""Contacts from before it was kept when they are scheduled, and which are in several groups."""

from datetime import datetime
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from campaigns.models import ScheduledCount, SharedContact
from campaigns.tests.factories import make_campaign, make_contact
from campaigns.tests.recounted import assert_kept_follows, kept_counts, marks

pytestmark = pytest.mark.django_db
migration = import_module("campaigns.migrations.0008_count_scheduled")


def test_they_are_counted_and_marked_as_if_they_came_today(monkeypatch):
    monkeypatch.setattr(migration, "AT_ONCE", 2)
    groups = list(make_campaign(group_names=("A", "B", "C")).groups.order_by("pk"))
    for number in range(7):
        for place, group in enumerate(groups):
            if number % (place + 1) == 0:
                text = f"2026-03-0{number + 1}T0{place}:{number % 3}0:59.999999+01:00"
                moment = datetime.fromisoformat(text)
                make_contact(group, email=f"{number}@example.com", scheduled_at=moment)
    alone = make_contact(email="0@example.com")
    kept = kept_counts(), marks()
    assert len(kept[1]) == 5 + 4 + 3  # of A, B and C
    ScheduledCount.objects.all().delete()
    SharedContact.objects.all().delete()
    editor = SimpleNamespace(connection=connection)
    migration.count_scheduled(apps, editor)
    migration.mark_shared(apps, editor)
    assert (kept_counts(), marks()) == kept
    assert alone.pk not in marks()
    assert_kept_follows()
