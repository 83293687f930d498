"""`manage.py rebuild_counts`: whatever became of the counts, they are the openings' again."""

import signal
from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.models import F

from campaigns.models import Campaign, Group, ScheduledCount
from campaigns.tests.factories import change, make_contact
from tracking import rebuild
from tracking.management.commands import rebuild_counts
from tracking.models import (
    ArchivedBreakdown,
    ArchivedOpeningCount,
    ContactOpenings,
    CountedDay,
    OpeningBreakdown,
    OpeningCount,
)
from tracking.retention import forget_openings_before
from tracking.tests.opened import GMAIL, MACHINE, open_pixel
from tracking.tests.recounted import assert_all_follows, assert_counts_hold, drift, stored_counts

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def contacts():
    """Three that were opened on three days, two of them of one campaign."""
    first = make_contact(pixels=2, scheduled_at=NOON - timedelta(seconds=70))
    contacts = [first, make_contact(first.group), make_contact()]
    for day, contact in enumerate(contacts):
        for pixel in contact.pixels.all():
            open_pixel(pixel, NOON + day * DAY)
            open_pixel(pixel, NOON + HOUR, (GMAIL, MACHINE)[day % 2])
    return contacts


def run(**options) -> str:
    out = StringIO()
    call_command("rebuild_counts", stdout=out, **options)
    return out.getvalue()


def found_by_check() -> str:
    out = StringIO()
    with pytest.raises(CommandError, match="What is kept differs"):
        call_command("rebuild_counts", check=True, stdout=out)
    return out.getvalue()


def spoil():
    """Counts are lost, made up and moved; rows are wrong, missing and of nothing."""
    OpeningCount.objects.filter(verdict="human").delete()
    OpeningBreakdown.objects.filter(dimension="client").update(openings=F("openings") + 3)
    OpeningBreakdown.objects.filter(dimension="reason").update(value="hearsay")
    CountedDay.objects.all()[0].delete()
    ScheduledCount.objects.update(contacts=F("contacts") + 2)
    rows = ContactOpenings.objects.order_by("pk")
    rows.filter(pk=rows[0].pk).update(first_verdict="machine", openings=9, pixels_seen=1)
    rows[1].delete()
    unopened = make_contact()
    nothing = rows[0]
    nothing.contact = unopened
    nothing.save(force_insert=True)


def test_where_all_is_right_it_finds_and_changes_nothing(contacts):
    before = stored_counts(OpeningCount)
    assert "differ: 0," in run(check=True)
    assert "have to be now: 0," in run()
    assert stored_counts(OpeningCount) == before
    assert_all_follows()


def test_whatever_is_wrong_is_found_and_made_right(contacts):
    spoil()
    said = found_by_check()
    assert "Contacts scheduled for another time, or marked otherwise: 3." in said
    assert "Contacts of which something else is known: 3." in said
    assert drift() > 3
    run()
    assert_all_follows()
    assert "known: 0." in run(check=True)


def test_to_check_writes_nothing(contacts):
    spoil()
    before = all_kept()
    found_by_check()
    assert all_kept() == before


def all_kept():
    scheduled = list(ScheduledCount.objects.values())
    return stored_counts(OpeningCount), list(ContactOpenings.objects.values()), scheduled


def test_it_fills_tables_that_are_new(contacts):
    kept = stored_counts(OpeningCount)
    OpeningBreakdown.objects.all().delete()
    CountedDay.objects.all().delete()
    empty = ContactOpenings(first_at=NOON, last_at=NOON)
    told = ("first_at", "first_verdict", "first_verified_at", "first_verified_verdict")
    new = [name for name in empty.says() if name.startswith("first") and name not in told]
    bits = dict.fromkeys(("pixels", "pixels_seen", "pixels_verified"), 0)
    ContactOpenings.objects.update(**bits, **{n: empty.says()[n] for n in new})
    run()
    assert stored_counts(OpeningCount) == kept
    assert_all_follows()


def test_what_was_archived_stays_so_also_from_before_there_were_breakdowns(contacts):
    list(forget_openings_before(NOON + 30 * timedelta(minutes=1)))
    archived = stored_counts(ArchivedOpeningCount)
    assert archived
    ArchivedBreakdown.objects.all().delete()
    migration = import_module("tracking.migrations.0014_archived_breakdowns")
    migration.archive_as_unknown(apps, None)
    run()
    assert_counts_hold()
    unknown = ArchivedBreakdown.objects.get(dimension="client")
    assert unknown.value == ""
    assert (unknown.openings, unknown.first_openings, unknown.day) == (2, 1, NOON.date())


def test_a_campaign_of_its_own(contacts):
    spoil()
    run(campaign=str(contacts[2].group.campaign_id))
    with pytest.raises(CommandError, match="differs"):
        run(check=True)
    assert "known: 0." in run(check=True, campaign=str(contacts[2].group.campaign_id))
    run(campaign=str(contacts[0].group.campaign_id))
    run()
    assert_all_follows()


def test_when_a_mail_was_sent_may_be_told_later_and_nothing_is_to_be_rebuilt(contacts):
    def delays():
        rows = OpeningBreakdown.objects.filter(dimension="delay", group=contacts[0].group)
        return set(rows.filter(first_openings__gt=0).values_list("value", flat=True))

    assert "63" in delays()  # 70 seconds after it was due
    change(contacts[0], sent_at=NOON - timedelta(seconds=6))
    assert {"6", "5"} & delays()
    assert "63" not in delays()
    assert_all_follows()


def test_a_group_that_is_being_removed_is_left_alone(contacts):
    spoil()
    for campaign in Campaign.objects.all():
        campaign.remove()
    assert "known: 0." in run()


def stop_after(monkeypatch, steps, number=signal.SIGTERM) -> str:
    """The command, with a signal that comes during a step; what it says."""
    real, done = rebuild_counts.Walk.through, []

    def through(walk, found, *rest):
        def signalled():
            for step in found:
                done.extend([step] * (step.done > 0))  # of a campaign there are several
                if step.done and len(done) == steps:
                    signal.raise_signal(number)
                yield step

        return real(walk, signalled(), *rest)

    with monkeypatch.context() as patched:
        patched.setattr(rebuild_counts.Walk, "through", through)
        with pytest.raises(CommandError) as stopped:
            run()
    assert len(done) == steps
    assert stopped.value.returncode == 128 + number
    return str(stopped.value)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("steps", [1, 2, 4, 6, 8])
def test_it_stops_after_a_whole_step_and_goes_on_there(contacts, monkeypatch, steps, number):
    monkeypatch.setattr(rebuild, "CONTACTS_AT_ONCE", 1)
    spoil()
    said = stop_after(monkeypatch, steps, number)
    place = said.rpartition("--resume ")[2]
    todo = rebuild.Rebuild(list(Group.objects.values_list("pk", flat=True)))
    every = [step.place for step in todo.steps() if step.done]
    rest = rebuild.Rebuild(todo.groups, after=rebuild.place_of(place))
    left = [step.place for step in rest.steps() if step.done]
    assert left == every[every.index(rebuild.place_of(place)) + 1 :]


def test_what_was_stopped_and_gone_on_with_is_whole(contacts, monkeypatch):
    monkeypatch.setattr(rebuild, "CONTACTS_AT_ONCE", 1)
    spoil()
    said = stop_after(monkeypatch, 2)
    run(resume=said.rpartition("--resume ")[2])
    assert_all_follows()


@pytest.mark.parametrize("place", ["", "days", "days/1/yesterday", "weeks/1/2", "contacts/a/1"])
def test_a_place_that_is_none_is_refused(contacts, place):
    with pytest.raises(CommandError, match="is no place"):
        run(resume=place or "/")
