"""How a consumer puts hits together that it records in one transaction."""

import pytest
from django.db import OperationalError

from tracking import consume, stream
from tracking import settle as settle_module
from tracking.models import Opening
from tracking.record import record
from tracking.tests.consuming import a_hit, consumer, impatient, left, pixel

__all__ = ["consumer", "impatient", "pixel"]  # fixtures
pytestmark = pytest.mark.django_db


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def waits(consumer, monkeypatch):
    """How long (ms) each read would have waited; one that finds nothing has."""
    found, read, clock = [], consumer.stream.read, Clock()

    def noted(count, block_ms, *kinds):
        found.append(block_ms)
        entries = read(count, 0, *kinds)
        clock.now += 0 if entries else max(block_ms, 1) / 1000
        return entries

    monkeypatch.setattr(consumer.stream, "read", noted)
    monkeypatch.setattr(consume, "BATCH_MS", 100)
    monkeypatch.setattr(consume, "time", clock)
    return found


def test_a_hit_waits_for_company_where_a_batch_has_gone_just_now_only(consumer, pixel, waits):
    consumer.stream.open()
    stream.append([a_hit(pixel)])
    consumer.consume_streams(wait_ms=7)
    assert waits == [7, 0]
    waits.clear()
    consume.time.now += 0.04  # which recording has taken
    stream.append([a_hit(pixel, "Outlook")])
    consumer.consume_streams(wait_ms=7)
    assert waits == [7, 60, 0]


def test_a_transaction_takes_no_more_than_a_batch_and_no_less_without_need(
    consumer, pixel, monkeypatch
):
    monkeypatch.setattr(consume, "BATCH_HITS", 5)
    monkeypatch.setattr(settle_module, "TRANSACTION_HITS", 5)
    consumer.stream.open()
    for number, hits in enumerate((2, 2, 2, 7, 1)):
        stream.append([a_hit(pixel, f"{number}-{each}") for each in range(hits)])
    sizes = []
    record_all = settle_module.record_all
    monkeypatch.setattr(
        settle_module, "record_all", lambda hits: sizes.append(len(hits)) or record_all(hits)
    )
    while consumer.step():
        pass
    assert sizes == [4, 2, 5, 2, 1]


def test_a_great_backlog_is_acknowledged_portion_by_portion(
    consumer, pixel, redis_client, monkeypatch
):
    monkeypatch.setattr(consume, "BATCH_HITS", 2)
    consumer.stream.open()
    for number in range(5):
        stream.append([a_hit(pixel, f"{number}a"), a_hit(pixel, f"{number}b")])
    monkeypatch.setattr(settle_module, "record_all", fails_after(2, settle_module.record_all))
    with pytest.raises(OperationalError):
        consumer.step()
    assert left(redis_client)[0] == 3
    monkeypatch.setattr(settle_module, "record_all", record)
    while consumer.step():
        pass
    assert Opening.objects.count() == 10


def fails_after(calls, function):
    left_over = iter(range(calls))

    def limited(hits):
        if next(left_over, None) is None:
            raise OperationalError(2006)
        return function(hits)

    return limited
