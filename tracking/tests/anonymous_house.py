"""An anonymous campaign and hits of its pixels, for tests."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine

from campaigns.tests.factories import reschedule
from campaigns.tests.house import House
from tracking.hit import Hit
from tracking.models import OpeningCount
from tracking.record import record
from tracking.tests.opened import PERSON

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def house():
    """An anonymous campaign, a few minutes past noon."""
    with time_machine.travel(NOON + 5 * MINUTE, tick=False):
        house = House(pixels=2)
        reschedule(house.contact, NOON - HOUR)
        switch(house, "anonymous")
        house.bottom = house.contact.pixels.get(number=2)
        yield house


def switch(house, tracking):
    response = house.client.patch(house.addresses()["campaigns"], {"tracking": tracking})
    assert response.status_code == 200, response.content


def a_hit(pixel, minutes=0.0, user_agent=PERSON, **fields) -> Hit:
    at = NOON + timedelta(minutes=minutes)
    fields.setdefault("event_id", uuid4().bytes)
    return Hit(
        pixel=pixel.uuid.bytes, at=round(at.timestamp() * 1000), user_agent=user_agent, **fields
    )


def decisions(*hits) -> list[str]:
    return [each.decision for each in record(list(hits))]


def sums(**which) -> list[int]:
    counts = OpeningCount.objects.filter(**which)
    return [sum(counts.values_list(measure, flat=True)) for measure in OpeningCount.MEASURES]
