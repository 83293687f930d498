"""What openings are broken down by, as it is counted when they come in."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db.models import Sum

from campaigns.models import Campaign
from campaigns.tests.factories import make_contact
from tracking.models import OpeningBreakdown
from tracking.tests.opened import GMAIL, MACHINE, PERSON, open_pixel
from tracking.tests.recounted import assert_all_follows

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SENT = NOON - timedelta(seconds=45)
MEASURES = OpeningBreakdown.MEASURES


@pytest.fixture
def contact():
    return make_contact(pixels=3, scheduled_at=NOON - timedelta(hours=9), sent_at=SENT)


def open_it(contact, number=1, at=NOON, user_agent=PERSON):
    open_pixel(contact.pixels.get(number=number), at, user_agent)


def counted(dimension, **which) -> dict[str, tuple]:
    """value → (openings, mail opens, first openings, first verified)"""
    rows = OpeningBreakdown.objects.filter(dimension=dimension, **which).values_list("value")
    sums = rows.annotate(*(Sum(measure) for measure in MEASURES))
    return {value: tuple(numbers) for value, *numbers in sums if any(numbers)}


def test_clients_systems_and_devices_are_those_of_the_user_agent(contact):
    open_it(contact)
    open_it(contact, user_agent=MACHINE)
    assert counted("client")["Thunderbird"] == (1, 1, 1, 1)
    assert counted("os")["Linux"] == (1, 1, 1, 1)
    assert sum(openings for openings, *_ in counted("device").values()) == 2
    assert_all_follows()


def test_a_machine_that_comes_before_the_person_is_first_and_not_verified(contact):
    open_it(contact, at=NOON, user_agent=MACHINE)
    open_it(contact, at=NOON + timedelta(hours=2))
    assert counted("client")["Thunderbird"] == (1, 1, 0, 1)
    assert counted("pixel") == {"1": (2, 2, 1, 1)}
    assert [*counted("reason", verdict="machine").values()] == [(1, 1, 1, 0)]
    assert [*counted("reason", verdict="human").values()] == [(1, 1, 0, 1)]


def test_an_earlier_opening_that_comes_later_takes_the_first_place_over(contact):
    open_it(contact, 2, NOON, GMAIL)
    open_it(contact, 1, NOON - timedelta(seconds=30))
    assert counted("pixel") == {"2": (1, 1, 0, 0), "1": (1, 1, 1, 1)}
    assert counted("delay") == {"13": (0, 0, 1, 1)}
    assert_all_follows()


@pytest.mark.parametrize(
    ("seconds", "begins", "by_people"),
    [(-3600, "0", 1), (0, "0", 0), (45, "40", 1), (49.99, "40", 1), (50, "50", 1)],
)
def test_the_time_to_open_goes_by_when_the_mail_was_sent(contact, seconds, begins, by_people):
    open_it(contact, at=SENT + timedelta(seconds=seconds))
    assert counted("delay") == {begins: (0, 0, 1, by_people)}  # nobody is as quick as a scanner


def test_where_that_is_not_known_it_goes_by_when_the_mail_was_due():
    contact = make_contact(scheduled_at=NOON - timedelta(hours=9), sent_at=None)
    open_it(contact)
    assert counted("delay") == {"31623": (0, 0, 1, 1)}


@pytest.mark.parametrize(
    ("numbers", "rendered"),
    [([1], "top"), ([2], "part"), ([1, 2], "part"), ([2, 3, 1], "complete")],
)
def test_how_much_was_rendered_moves_with_each_further_pixel(contact, numbers, rendered):
    for number in numbers:
        open_it(contact, number, NOON + number * timedelta(days=1))
    assert counted("rendered") == {rendered: (0, 0, 1, 1)}
    assert counted("rendered", day=date(2026, 3, 1 + min(numbers))) == counted("rendered")
    assert_all_follows()


def test_what_a_machine_fetched_is_not_rendered_for_a_person(contact):
    for number in (1, 2, 3):
        open_it(contact, number, user_agent=MACHINE)
    assert counted("rendered") == {"complete": (0, 0, 1, 0)}
    open_it(contact, 1, NOON + timedelta(hours=2))
    assert counted("rendered") == {"complete": (0, 0, 1, 0), "top": (0, 0, 0, 1)}
    assert_all_follows()


def test_a_single_pixel_tells_nothing_of_what_was_rendered():
    open_it(make_contact())
    assert counted("rendered") == {}


def test_of_many_pixels_the_last_ones_are_not_told_apart():
    contact = make_contact(pixels=64)
    for number in range(1, 64):
        open_it(contact, number)
    assert counted("rendered").keys() == {"complete"}


def test_days_are_those_of_utc_whatever_zone_a_time_was_given_in(contact):
    open_it(contact, at=datetime.fromisoformat("2026-03-02T01:30:00+02:00"))
    assert set(OpeningBreakdown.objects.values_list("day", flat=True)) == {date(2026, 3, 1)}
    assert_all_follows()


def test_clients_that_differ_in_case_are_different(contact):
    for number, agent in enumerate(("Alpine/2.0", "alpine/2.0"), 1):
        open_it(contact, number, user_agent=agent)
    assert_all_follows()


def test_of_an_anonymous_opening_only_the_reason_is_counted(contact):
    Campaign.objects.update(tracking="anonymous")
    open_it(contact)
    assert set(OpeningBreakdown.objects.values_list("dimension", flat=True)) == {"reason"}
    assert [*counted("reason").values()] == [(1, 1, 0, 0)]
    assert_all_follows()
