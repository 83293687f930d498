"""Openings judged anew while hits, corrections and deletions come in."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from accounts.tests.at_once import at_once
from accounts.tests.people import client_of
from campaigns.tests.house import House
from tracking import reclassify, verdict_data
from tracking.models import Opening
from tracking.reclassify import Reclassification
from tracking.rule_set import read_rules
from tracking.tests.opened import open_pixel
from tracking.tests.recounted import assert_all_follows
from tracking.tests.test_concurrency import CONSUMERS
from tracking.verdict import RULES

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/openings/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def rules_of(day: int) -> str:
    """Which reader is a machine changes from day to day."""
    machine = {"verdict": "machine", "reason": "today", "ends": f"{day % 2}"}
    otherwise = {"verdict": "human", "reason": "nobody-else"}
    whole = {"date": f"2026-12-{day:02}", "rules": [machine], "otherwise": otherwise}
    return json.dumps(whole)


def test_hits_and_corrections_beside_it_leave_the_counts_right(
    redis_client, installed, monkeypatch
):
    monkeypatch.setattr(reclassify, "JUDGED_AT_ONCE", 5)
    house = House()
    pixels = [*house.contact.pixels.order_by("number")]
    pixels += house.add_contact().pixels.order_by("number")
    for hour in range(16):
        open_pixel(pixels[hour % 4], NOON + hour * 60 * MINUTE, f"reader {hour % 3}")
    openings = list(Opening.objects.order_by("pk").values_list("pk", flat=True))

    def work(number):
        client = client_of(house.user)
        for step in range(8):
            if number == 0:
                moment = NOON + (60 * step + 1000) * MINUTE
                open_pixel(pixels[step % 4], moment, f"reader {step % 3}")
            elif number == 1:
                client.patch(f"{URL}{openings[step]}/", {"verdict": "proxy"})
                client.delete(f"{URL}{openings[-step - 1]}/")
            else:
                day = 1 + 2 * step + number % 2
                list(Reclassification(read_rules([rules_of(day)])).steps())

    at_once(CONSUMERS, work)
    assert_all_follows()
    installed(RULES, rules_of(28))
    verdict_data.load()
    list(Reclassification(RULES.value).steps())
    assert_all_follows()
    assert set(Opening.objects.values_list("reason", flat=True)) == {
        "today",
        "nobody-else",
        "corrected",
    }
