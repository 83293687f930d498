"""Days that were counted before they had stamps."""

from datetime import UTC, date, datetime
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from campaigns.tests.factories import make_contact
from tracking.models import CountedDay, OpeningBreakdown
from tracking.tests.opened import PERSON, open_pixel

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
know_all_days = import_module("tracking.migrations.0017_counted_days").know_all_days


def test_each_gets_a_stamp_also_where_it_was_not_known():
    contact = make_contact(pixels=2)
    for day, pixel in enumerate(contact.pixels.all(), 1):
        open_pixel(pixel, NOON.replace(day=day), PERSON)
    OpeningBreakdown.objects.filter(day=date(2026, 3, 2)).update(day=date(2026, 3, 3))
    CountedDay.objects.filter(day=date(2026, 3, 2)).delete()
    CountedDay.objects.update(stamp=0)
    know_all_days(apps, SimpleNamespace(connection=connection))
    found = CountedDay.objects.order_by("day").values_list("group", "day", "stamp")
    groups, days, stamps = zip(*found, strict=True)
    assert days == (date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3))
    assert set(groups) == {contact.group_id}
    assert 0 not in stamps
    assert len(set(stamps)) == 3
