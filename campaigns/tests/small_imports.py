"""Imports of a few rows, taken in by chunks of two."""

import pytest

from campaigns import import_steps
from campaigns.tests.factories import make_campaign
from campaigns.tests.importing import table

ROWS = table(
    "email,group,name",
    *("a@example.com,A,", "b@example.com,B,", "bad", "a@example.com,B,", "c@example.com,A,"),
    *("c@example.com,A,again", "info@example.com,A,", "d@example.com,C,", "e@example.com,B,"),
)


@pytest.fixture
def campaign():
    return make_campaign(group_names=("A", "B"))


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(import_steps, "CHUNK", 2)
