"""What a process of the lane keeps of the answers of `GET /stats`."""

import asyncio
import json
import time
from types import SimpleNamespace

import pytest

from tracking.models import ViewCell
from tracking.page_views import kept_answers
from tracking.page_views.record import record_views
from tracking.page_views.statistics import Question
from tracking.tests.test_page_view_record import view

pytestmark = pytest.mark.django_db(transaction=True)  # asked in a thread of its own


def test_a_process_that_knows_an_answer_asks_nobody(redis_client, monkeypatch):
    record_views([view("home", "anna")])
    now = time.monotonic()
    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr(kept_answers, "time", clock)

    async def ask():
        one, other = kept_answers.KeptAnswers(), kept_answers.KeptAnswers()
        told = await one.answer(Question.read(b""))
        assert await other.answer(Question.read(b"")) == told  # by Redis
        redis_client.flushall()
        await asyncio.to_thread(ViewCell.objects.update, views=0)
        for each in (one, other):
            assert await each.answer(Question.read(b"")) == told
            assert each.here(b"") == told
            assert each.here(b"page_id=home") is None
            assert each.here(b"page_id=") is None
        clock.monotonic = lambda: now + 1
        for each in (one, other):
            assert each.here(b"") is None
            assert json.loads(await each.answer(Question.read(b"")))["total_views"] == 0
            await each.close()

    asyncio.run(ask())


def test_hours_are_not_told_from_memory_for_they_may_be_others_by_now(redis_client):
    async def ask():
        kept = kept_answers.KeptAnswers()
        await kept.answer(Question.read(b"bucket=hour"))
        assert kept.here(b"bucket=hour") is None
        assert kept.here(b"b%75cket=hour") is None
        await kept.close()

    asyncio.run(ask())


def test_a_process_keeps_no_more_answers_than_it_may(redis_client, monkeypatch):
    monkeypatch.setattr(kept_answers, "MOST_KEPT_HERE", 3)

    async def ask():
        kept = kept_answers.KeptAnswers()
        for page in "abcde":
            await kept.answer(Question.read(f"page_id={page}".encode()))
            assert kept.here(f"page_id={page}".encode())
            assert len(kept._here) <= 3
        await kept.close()

    asyncio.run(ask())


def test_nor_more_bytes_of_them(redis_client, monkeypatch):
    async def ask():
        kept = kept_answers.KeptAnswers()
        length = len(await kept.answer(Question.read(b"page_id=a")))
        monkeypatch.setattr(kept_answers, "MOST_BYTES_HERE", 3 * length)
        for page in "bcdefg":
            await kept.answer(Question.read(f"page_id={page}".encode()))
            assert kept.here(f"page_id={page}".encode())
            assert sum(len(each) for each, _ in kept._here.values()) <= 3 * length
        await kept.close()

    asyncio.run(ask())
