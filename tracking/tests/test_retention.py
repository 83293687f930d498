"""Old openings go, what they counted for stays, and nothing is counted twice or lost."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from types import SimpleNamespace
from uuid import uuid4

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import transaction
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.tests.staff import admin_client, page
from campaigns.models import Contact
from campaigns.tests.factories import make_campaign, make_contact
from campaigns.tests.removed import finish_removals
from tests.thorough import THOROUGH
from tracking import pace, retention, tasks
from tracking.correct import correct_opening
from tracking.hit import Hit
from tracking.models import (
    AnonymousReader,
    ArchivedOpeningCount,
    ContactOpenings,
    Opening,
    OpeningBreakdown,
    OpeningChange,
    OpeningCount,
)
from tracking.record import record
from tracking.retention import forget_openings_before
from tracking.statistics import statistics_of
from tracking.tasks import forget_old_openings
from tracking.tests.opened import GMAIL, MACHINE, PERSON
from tracking.tests.recounted import assert_counts_hold, rebuilt_counts, stored_counts

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def hit_of(contact, at=NOON, user_agent=PERSON, number=1) -> Hit:
    pixel = contact.pixels.get(number=number)
    return Hit(uuid4().bytes, pixel.uuid.bytes, round(at.timestamp() * 1000), user_agent)


def open_mail(*arguments, **keywords):
    record([hit_of(*arguments, **keywords)])


def forget_before(moment) -> int:
    """A nightly run; the figures don't move by it."""
    kept = stored_counts(OpeningCount)
    deleted = sum(forget_openings_before(moment))
    assert stored_counts(OpeningCount) == kept
    assert_counts_hold()
    assert not Opening.objects.filter(opened_at__lt=moment).exists()
    return deleted


@pytest.fixture
def contact():
    return make_contact(pixels=2)


def figures(contact) -> dict:
    found = statistics_of(contact.group.campaign)
    del found["as_of"]
    return found


def test_old_openings_go_and_the_figures_stay(contact):
    other = make_contact()
    for day in range(4):
        open_mail(contact, NOON + day * DAY)
        open_mail(other, NOON + day * DAY, GMAIL)
    before = figures(contact), figures(other)
    assert forget_before(NOON + 2 * DAY) == 4
    assert {each.opened_at for each in Opening.objects.all()} == {NOON + 2 * DAY, NOON + 3 * DAY}
    assert (figures(contact), figures(other)) == before
    assert forget_before(NOON + 2 * DAY) == 0


def test_the_openings_of_the_moment_itself_stay(contact):
    open_mail(contact)
    assert forget_before(NOON) == 0
    assert forget_before(NOON + timedelta(milliseconds=1)) == 1


def test_what_is_known_of_a_contact_outlives_its_openings(contact, admin_client):
    open_mail(contact, NOON, MACHINE)
    open_mail(contact, NOON + DAY)
    forget_before(NOON + 2 * DAY)
    known = contact.opened
    assert (known.openings, known.mail_opens) == (2, 2)
    assert (known.first_at, known.first_verified_at) == (NOON, NOON + DAY)
    assert (known.archived_openings, known.archived_mail_opens) == (2, 2)
    shown = admin_client.get(page(Contact, "change", contact.pk)).text
    assert "2 older openings no longer kept: only counted." in shown


def test_a_later_opening_does_not_become_the_first(contact):
    open_mail(contact)
    open_mail(contact, NOON + 2 * DAY)
    forget_before(NOON + DAY)
    assert {key[-1] for key in rebuilt_counts()} == {"openings", "mail_opens"}
    open_mail(contact, NOON + 3 * DAY)
    assert_counts_hold()
    assert figures(contact)["opened_contacts"] == {"any": 1, "verified": 1}


def test_a_machine_first_and_a_person_later_are_archived_one_by_one(contact):
    open_mail(contact, NOON, MACHINE)
    open_mail(contact, NOON + 2 * DAY)
    forget_before(NOON + DAY)
    assert (contact.opened.first_archived, contact.opened.first_verified_archived) == (True, False)
    open_mail(contact, NOON + DAY)  # it arrives late and is the first by a person
    assert_counts_hold()
    forget_before(NOON + 3 * DAY)
    contact.opened.refresh_from_db()
    assert contact.opened.first_verified_at == NOON + DAY


def test_what_was_rendered_is_settled_with_the_first_opening(contact):
    open_mail(contact)
    forget_before(NOON + DAY)
    open_mail(contact, NOON + 2 * DAY, number=2)
    assert_counts_hold()
    rendered = OpeningBreakdown.objects.filter(dimension="rendered", first_openings__gt=0)
    assert [row.value for row in rendered] == ["top"]


def test_of_a_time_that_is_archived_no_opening_is_taken_in_and_the_first_stays(contact):
    open_mail(contact, NOON)
    forget_before(NOON + DAY)
    open_mail(contact, NOON - DAY)
    assert_counts_hold()
    contact.opened.refresh_from_db()
    assert contact.opened.first_at == NOON
    assert figures(contact)["openings"]["total"] == 1


def test_a_removed_contact_is_no_opened_contact_and_its_archived_openings_are_nobodys(contact):
    stays = make_contact(contact.group)
    open_mail(stays)
    open_mail(contact)
    open_mail(contact, NOON + 2 * DAY)
    forget_before(NOON + DAY)
    contact.remove()
    assert_counts_hold()
    left = figures(stays)
    assert left["opened_contacts"] == {"any": 1, "verified": 1}
    assert left["openings"]["total"] == 2  # its own, and the archived one
    stays.group.campaign.remove(by="somebody")
    finish_removals()
    assert not OpeningCount.objects.exists()
    assert not ArchivedOpeningCount.objects.exists()


def test_erased_persons_openings_are_archived_like_others(contact):
    open_mail(contact)
    contact.erase()
    assert forget_before(NOON + DAY) == 1
    assert ContactOpenings.objects.get().archived_openings == 1


def test_a_run_takes_small_steps_and_asks_the_same_for_each(
    contact, monkeypatch, django_assert_max_num_queries
):
    contacts = [contact, *(make_contact(contact.group, pixels=2) for _ in range(29))]
    times = [NOON + hours * HOUR for hours in range(0, 20, 2)]
    record([hit_of(each, time) for time in times for each in contacts])
    monkeypatch.setattr(retention, "DELETED_AT_ONCE", 100)
    with django_assert_max_num_queries(6 + 3 * 15):  # with the savepoints of each step
        assert list(forget_openings_before(NOON + DAY)) == [100, 100, 100]
    assert_counts_hold()


def test_a_run_that_breaks_off_has_done_whole_steps_and_is_taken_up(contact, monkeypatch):
    for hours in range(0, 20, 2):
        open_mail(contact, NOON + hours * HOUR)
    monkeypatch.setattr(retention, "DELETED_AT_ONCE", 3)
    archive, steps = retention.ArchivedOpeningCount.objects.add, []

    def add(tally):
        archive(tally)
        steps.append(tally)
        if len(steps) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(retention.ArchivedOpeningCount.objects, "add", add)
    with pytest.raises(KeyboardInterrupt):
        forget_before(NOON + DAY)
    assert Opening.objects.count() == 4
    assert_counts_hold()
    assert forget_before(NOON + DAY) == 4


def test_an_opening_that_was_corrected_in_time_stays(contact):
    open_mail(contact)
    found = dict(Opening.objects.values_list("pk", "contact"))
    correct_opening(next(iter(found)), by="somebody", opened_at=NOON + 2 * DAY)
    assert retention.archive(contact.group_id, found, NOON + DAY) == 0
    assert Opening.objects.exists()
    assert_counts_hold()


def test_the_log_forgets_the_openings_that_go_and_no_others(contact):
    for day in (0, 5):
        open_mail(contact, NOON + day * DAY)
    for opening in Opening.objects.all():
        correct_opening(opening.pk, by="somebody", verdict="machine")
    kept = Opening.objects.get(opened_at=NOON + 5 * DAY)
    forget_before(NOON + DAY)
    assert OpeningChange.objects.get().event_id == kept.event_id


def test_anonymous_openings_take_their_readers_along(contact):
    make_anonymous(contact)
    open_mail(contact, NOON)
    open_mail(contact, NOON + 2 * DAY)
    forget_before(NOON + DAY)
    assert AnonymousReader.objects.get().opened_at == NOON + 2 * DAY


def test_what_was_archived_anonymously_keeps_the_campaign_so(contact):
    campaign = make_anonymous(contact)
    open_mail(contact)
    campaign.tracking = "individual"
    forget_before(NOON + DAY)
    assert not Opening.objects.exists()
    with pytest.raises(ValidationError, match="taken in anonymously"):
        campaign.clean()
    other = make_contact()
    open_mail(other)
    forget_before(NOON + DAY)
    make_anonymous(other).clean()
    other.group.campaign.tracking = "individual"
    other.group.campaign.clean()  # nothing anonymous was ever counted there
    campaign.remove(by="somebody")
    finish_removals()


def make_anonymous(contact):
    campaign = contact.group.campaign
    campaign.tracking = "anonymous"
    campaign.save()
    return campaign


READERS = [PERSON, GMAIL, MACHINE]
MOMENTS = st.integers(0, 12).map(lambda steps: NOON + steps * timedelta(minutes=40))
CONTACTS = st.integers(0, 2)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("open"), CONTACTS, st.integers(1, 2), MOMENTS, st.sampled_from(READERS)),
        st.tuples(st.just("forget"), MOMENTS, st.integers(1, 4)),
        st.tuples(st.just("erase"), CONTACTS),
        st.tuples(st.just("remove"), CONTACTS),
    ),
    min_size=4,
    max_size=25,
)
FIRST, LATER = NOON, NOON + 4 * HOUR


@hypothesis_settings(
    deadline=None,
    max_examples=30 if THOROUGH else 12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(
    steps=[("open", 0, 1, FIRST, MACHINE), ("open", 0, 1, FIRST, PERSON), ("forget", LATER, 1)]
)
@example(
    steps=[
        ("open", 0, 1, LATER, PERSON),
        ("forget", LATER + HOUR, 1),
        ("open", 0, 1, FIRST, GMAIL),
        ("erase", 0),
        ("forget", LATER, 1),
        ("remove", 0),
    ]
)
@given(steps=STEPS)
def test_whatever_happens_kept_counts_are_archived_ones_and_those_of_what_is_left(
    steps, monkeypatch
):
    with transaction.atomic():
        groups = list(make_campaign(group_names=("A", "B")).groups.all())
        contacts = [make_contact(groups[number % 2], pixels=2) for number in range(3)]
        for step in steps:
            take(step, contacts, monkeypatch)
        transaction.set_rollback(True)


def take(step, contacts, monkeypatch):
    """It looks at the counts, unless the step changes nothing."""
    what, *details = step
    if what == "forget":
        moment, at_once = details
        monkeypatch.setattr(retention, "DELETED_AT_ONCE", at_once)
        forget_before(moment)
        return
    contact = Contact.objects.filter(pk=contacts[details[0]].pk).first()
    if contact is None:
        return
    if what == "open":
        _, number, moment, reader = details
        open_mail(contact, moment, reader, number)
    else:
        getattr(contact, what)()
    assert_counts_hold()


# -- The command and the nightly task --------------------------------------------------------------


def test_the_nightly_task_forgets_what_is_older_than_the_setting_says(contact, settings):
    open_mail(contact, NOON)
    open_mail(contact, NOON + DAY)
    settings.OPENING_RETENTION_DAYS = 30
    with time_machine.travel(NOON + 30 * DAY + HOUR, tick=False):
        forget_old_openings()
    assert Opening.objects.get().opened_at == NOON + DAY
    assert_counts_hold()


def test_the_nightly_task_stops_in_time_and_the_next_one_goes_on(contact, settings, monkeypatch):
    for hours in range(0, 20, 2):
        open_mail(contact, NOON + hours * HOUR)
    settings.OPENING_RETENTION_DAYS = 30
    monkeypatch.setattr(retention, "DELETED_AT_ONCE", 3)
    monkeypatch.setattr(tasks, "SLICE_SECONDS", 0)
    left = []
    for _ in range(5):
        forget_old_openings()
        left.append(Opening.objects.count())
        assert_counts_hold()
    assert left == [7, 4, 1, 0, 0]


def test_within_its_time_the_task_takes_every_step_and_rests_as_long_as_each(
    contact, settings, monkeypatch
):
    other = make_contact()
    for hours in range(0, 10, 2):
        open_mail(contact, NOON + hours * HOUR)
        open_mail(other, NOON + hours * HOUR)
    settings.OPENING_RETENTION_DAYS = 30
    monkeypatch.setattr(retention, "DELETED_AT_ONCE", 3)
    clock = SimpleNamespace(now=0, rests=[])
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: clock.now))
    archive = retention.archive

    def archive_slowly(*args):
        clock.now += 5
        return archive(*args)

    monkeypatch.setattr(retention, "archive", archive_slowly)
    retention.work(100, pause=clock.rests.append)
    assert clock.rests == [5, 5, 5, 5]
    assert not Opening.objects.exists()


def test_the_task_deletes_nothing_where_all_is_kept(contact, settings):
    settings.OPENING_RETENTION_DAYS = 0
    open_mail(contact, NOON)
    forget_old_openings()
    assert Opening.objects.exists()


def test_the_command_says_how_many(contact):
    open_mail(contact, NOON)
    out = StringIO()
    call_command("forget_old_openings", days=1, stdout=out)
    assert out.getvalue() == "1 openings older than 1 days are deleted.\n"


@pytest.mark.parametrize("days", [None, 0, -1, 36_501])
def test_without_a_number_of_days_the_command_deletes_nothing(contact, days):
    open_mail(contact, NOON)
    with pytest.raises(CommandError, match="how many days"):
        call_command("forget_old_openings", days=days)
    assert Opening.objects.exists()
