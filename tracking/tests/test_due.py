"""What an upgrade makes out of date is made anew by the worker, without anybody's doing."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import StringIO
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection

from campaigns.tests.factories import make_contact
from tracking import due, names_version, rebuild
from tracking.models import (
    ContactOpenings,
    OpeningBreakdown,
    OpeningCount,
    RebuildDue,
    UserAgent,
)
from tracking.models.user_agent import UserAgentQuerySet
from tracking.statistics import statistics_of
from tracking.tasks import rebuild_what_is_due
from tracking.tests.opened import GMAIL, MACHINE, open_pixel
from tracking.tests.recounted import assert_all_follows, stored_counts

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
migration = import_module("tracking.migrations.0020_rebuild_due")


@pytest.fixture
def contacts():
    """Of two campaigns, opened on two days."""
    first = make_contact(pixels=2)
    contacts = [first, make_contact(first.group), make_contact(pixels=2)]
    for contact in contacts:
        for day, pixel in enumerate(contact.pixels.all()):
            open_pixel(pixel, NOON + day * DAY)
            open_pixel(pixel, NOON + day * DAY + HOUR, (GMAIL, MACHINE)[day])
    return contacts


def upgrade():
    """What was kept before there were breakdowns is all that there is, and migrations have run."""
    OpeningBreakdown.objects.all().delete()
    bits = dict.fromkeys(("pixels", "pixels_seen", "pixels_verified"), 0)
    for first in ("first", "first_verified"):
        names = ("pixel", "user_agent", "delay_s")
        bits |= {f"{first}_{name}": None for name in names} | {f"{first}_reason": ""}
    ContactOpenings.objects.update(**bits)
    ask_for_all()


def ask_for_all():
    migration.ask_for_all(apps, SimpleNamespace(connection=connection))


def all_of_it():
    due.work(60, pause=lambda seconds: None)


def test_what_was_counted_before_is_whole_again(contacts):
    kept = stored_counts(OpeningCount)
    upgrade()
    rebuild_what_is_due()
    all_of_it()
    assert not RebuildDue.objects.exists()
    assert stored_counts(OpeningCount) == kept
    assert_all_follows()


def test_nothing_below_zero_is_told_until_then(contacts):
    upgrade()
    contacts[0].erase()
    assert OpeningBreakdown.objects.filter(openings__lt=0).exists()
    told = statistics_of(contacts[0].group.campaign)
    rows = [*told["clients"], *told["systems"], *told["reasons"]]
    assert all(row[name] >= 0 for row in rows for name in ("openings", "mail_opens", "contacts"))
    all_of_it()
    assert_all_follows()


def test_each_step_is_kept_so_that_a_worker_that_dies_loses_none(contacts, monkeypatch):
    monkeypatch.setattr(rebuild, "CONTACTS_AT_ONCE", 1)
    upgrade()
    places, runs = [], 0
    while RebuildDue.objects.exists() and runs < 20:
        places.append(RebuildDue.objects.order_by("pk").first().place)
        due.work(0)  # one step
        runs += 1
    assert len(set(places)) == len(places) == runs
    assert runs <= 3 + 4 + 2  # contacts, days, and to find that nothing is left
    assert_all_follows()


def test_to_migrate_again_asks_for_nothing_twice(contacts):
    ask_for_all()
    ask_for_all()
    groups = {contact.group_id for contact in contacts}
    assert sorted(RebuildDue.objects.values_list("group", flat=True)) == sorted(groups)


def test_a_group_that_is_being_removed_is_left_alone(contacts):
    upgrade()
    for contact in contacts[::2]:
        contact.group.campaign.remove()
    all_of_it()
    assert RebuildDue.objects.count() == 2


def test_who_rebuilds_by_hand_has_done_it(contacts):
    upgrade()
    call_command("rebuild_counts", check=False, stdout=StringIO())
    assert not RebuildDue.objects.exists()
    assert_all_follows()


# -- Names -----------------------------------------------------------------------------------------
@pytest.fixture
def renamed(contacts, monkeypatch):
    """Opened when the data knew Gmail by another name."""
    for table in (UserAgent.objects, OpeningBreakdown.objects.filter(dimension="client")):
        name = "client" if table.model is UserAgent else "value"
        table.filter(**{name: "Gmail"}).update(**{name: "GmailImageProxy"})
    UserAgent.objects.update(described_by="")
    return contacts


def clients() -> set[str]:
    rows = OpeningBreakdown.objects.filter(dimension="client", openings__gt=0)
    return set(rows.values_list("value", flat=True))


def test_where_names_have_changed_openings_are_counted_under_those_of_today(renamed):
    assert "GmailImageProxy" in clients()
    all_of_it()
    assert not UserAgent.objects.outdated().exists()
    assert "GmailImageProxy" in clients()  # whoever has read the old names may not be done yet
    all_of_it()
    assert "GmailImageProxy" not in clients()
    assert "Gmail" in clients()
    assert not RebuildDue.objects.exists()
    assert_all_follows()


def test_where_no_name_has_changed_nothing_is_rebuilt(contacts):
    UserAgent.objects.update(described_by="older")
    all_of_it()
    assert not UserAgent.objects.outdated().exists()
    assert not RebuildDue.objects.exists()


def test_a_group_is_asked_for_once_until_it_is_begun(renamed, monkeypatch):
    monkeypatch.setattr("tracking.models.user_agent.DESCRIBED_AT_ONCE", 1)
    all_of_it()
    groups = {contact.group_id for contact in renamed}
    assert RebuildDue.objects.count() == len(groups)
    next(due.rebuild())
    RebuildDue.objects.ask(groups)
    assert RebuildDue.objects.count() == len(groups) + 1  # what is under way was asked before


def test_who_describes_too_late_leaves_it_for_the_next_run(renamed, monkeypatch):
    asked = []
    monkeypatch.setattr(UserAgentQuerySet, "bulk_update", lambda *_: asked.append(1) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        all_of_it()
    assert UserAgent.objects.outdated().exists()


def test_the_version_is_another_where_the_data_are(monkeypatch, tmp_path):
    names_version.names_version.cache_clear()
    before = names_version.names_version()
    other = tmp_path / "clients.json"
    other.write_text("[]")
    monkeypatch.setattr(names_version.client_names, "CLIENTS", other)
    names_version.names_version.cache_clear()
    assert names_version.names_version() != before
    names_version.names_version.cache_clear()


def test_what_is_new_is_described_by_the_data_of_today(contacts):
    assert not UserAgent.objects.outdated().exists()
