"""Hits of both kinds and the stores that take them, for tests."""

import asyncio
from unittest.mock import Mock
from uuid import uuid4

import pytest
from django.db import OperationalError

from campaigns.tests.factories import make_contact
from tracking import fallback as fallback_module
from tracking.collect import collect_views
from tracking.fallback import fallback
from tracking.group_commit import GroupCommit
from tracking.hit import Hit
from tracking.nodes import node_of
from tracking.page_views.hit import ViewHit
from tracking.spool import SpoolFile, waiting_files
from tracking.way import Way, ways

NOON = 1_772_366_400_000


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    # A slow machine changes no outcome; what hangs is tested with a budget of its own.
    monkeypatch.setattr(fallback_module, "DATABASE_BUDGET_S", 20)
    yield
    fallback().close()


@pytest.fixture
def pixel():
    return make_contact().pixels.get().uuid.bytes


@pytest.fixture
def database_is_down(monkeypatch):
    failing = Mock(side_effect=OperationalError(2002, "refused"))
    monkeypatch.setattr(fallback_module, "record_all", failing)
    return failing


def a_view(user="user123") -> ViewHit:
    return ViewHit(uuid4().bytes, "home", user, at=NOON)


def a_hit(pixel, agent="Thunderbird") -> Hit:
    return Hit(uuid4().bytes, pixel, NOON, user_agent=agent)


@pytest.fixture(params=["plain view", "lane"])
def track_all(request):
    """What becomes of the page views of one request."""

    async def as_group(hits):
        commit = GroupCommit()
        outcomes = await commit.collect_views(hits)
        await commit.close()
        return outcomes

    if request.param == "plain view":
        return collect_views
    return lambda hits: asyncio.run(as_group(hits))


def the_way() -> Way:
    """To the one Redis."""
    return ways.to(node_of(0))


def spooled() -> list[bytes]:
    """Event ids in the spool."""
    fallback().close()
    found = []
    for path in waiting_files():
        file = SpoolFile.lock(path)
        found += [event_id for event_id, _ in file.next_batch(500).packed]
        file.release()
    return found
