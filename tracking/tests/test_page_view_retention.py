"""Retention of page views: what it forgets never counts again, whatever the setting says later."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.tests.at_once import at_once
from tracking.decision import Decision
from tracking.models import CellVisitor, PageView, ViewCell
from tracking.models.page_view import ALL_PAGES, hour_of
from tracking.page_views import retention
from tracking.page_views.retention import forget_views_before
from tracking.tests.test_page_view_record import cells, decisions, view

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HALF_PAST = NOON + timedelta(minutes=30)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def days(settings, time_machine):
    """Sets both the days that are kept and the time."""

    def set_days(number: int, now: datetime):
        settings.PAGE_VIEW_RETENTION_DAYS = number
        time_machine.move_to(now, tick=False)

    return set_days


def forget():
    retention.work(60, pause=lambda seconds: None)


# -- What is never counted again -----------------------------------------------------------------
def test_what_was_forgotten_is_not_counted_again_when_the_days_are_raised(days):
    days(30, NOON)
    old = [view(user=user) for user in "aab"]
    decisions(*old)
    days(30, NOON + 31 * DAY)
    forget()
    assert not PageView.objects.exists()
    days(365, NOON + 31 * DAY)
    before = cells()
    assert decisions(*old) == [Decision.TOO_OLD] * 3
    assert decisions(view(user="a", at=NOON + MINUTE)) == [Decision.TOO_OLD]  # and is known no more
    assert cells() == before


def test_nor_when_nothing_is_to_be_forgotten_any_more(days):
    days(30, NOON)
    old = view()
    decisions(old)
    days(30, NOON + 31 * DAY)
    forget()
    days(0, NOON + 31 * DAY)
    assert decisions(old) == [Decision.TOO_OLD]


def test_of_an_hour_that_was_forgotten_in_part_the_rest_is_counted_exactly(days):
    days(30, NOON + HOUR)
    early, late = view("home", "a", NOON + 10 * MINUTE), view("home", "a", NOON + 50 * MINUTE)
    decisions(early, late)
    days(30, HALF_PAST + 30 * DAY)
    forget()
    assert list(PageView.objects.values_list("viewed_at", flat=True)) == [NOON + 50 * MINUTE]
    days(365, HALF_PAST + 30 * DAY)
    new = [view("home", user, NOON + 40 * MINUTE) for user in "ab"]
    assert decisions(early, late, *new) == [
        Decision.TOO_OLD,
        Decision.DUPLICATE,
        Decision.RECORDED,
        Decision.RECORDED,
    ]
    assert cells()["home", hour_of(NOON)] == (4, 2)


def test_what_is_forgotten_once_stays_so_when_the_clock_is_set_back(days):
    early = view(at=NOON + 20 * MINUTE)
    decisions(early, view(at=NOON + 50 * MINUTE))
    for minutes in (30, 10):
        days(30, NOON + 30 * DAY + minutes * MINUTE)
        forget()
    assert decisions(early) == [Decision.TOO_OLD]


def test_where_nothing_was_forgotten_the_days_may_be_raised(days):
    days(30, NOON + 31 * DAY)
    decisions(view(at=NOON + 31 * DAY))
    forget()
    days(365, NOON + 31 * DAY)
    assert decisions(view(at=NOON)) == [Decision.RECORDED]


def test_a_clock_that_was_wrong_for_a_night_keeps_no_view_out_afterwards(days):
    days(30, NOON)
    decisions(view())
    days(30, NOON + 400 * DAY)
    forget()
    days(30, NOON + HOUR)
    assert decisions(view(at=NOON + HOUR)) == [Decision.RECORDED]


# -- In steps ------------------------------------------------------------------------------------
def of_hour(at: datetime):
    """Who is remembered to have been seen in it."""
    return CellVisitor.objects.filter(hour=hour_of(at))


@pytest.mark.parametrize(("most", "cells_at_once"), [(2, 1), (3, 100), (1_000, 3)])
def test_visitors_of_old_hours_are_forgotten_a_few_at_a_time(monkeypatch, most, cells_at_once):
    monkeypatch.setattr(retention, "DELETED_AT_ONCE", most)
    monkeypatch.setattr(retention, "CELLS_AT_ONCE", cells_at_once)
    hours = [NOON, NOON + HOUR, NOON + 2 * HOUR]
    pages = {"one": "abcde", "two": "a", "three": "bc"}
    decisions(*[view(page, user, at) for at in hours for page in pages for user in pages[page]])
    before, left = cells(), CellVisitor.objects.count()
    for _ in forget_views_before(hours[2]):
        now = CellVisitor.objects.count()
        assert left - now <= most
        left = now
    assert cells() == before
    assert not of_hour(hours[0]).exists()
    assert not of_hour(hours[1]).exists()
    assert of_hour(hours[2]).count() == 8 + 5
    closed = ViewCell.objects.filter(is_closed=True)
    assert set(closed.values_list("hour", flat=True)) == set(map(hour_of, hours[:2]))
    assert closed.count() == 2 * 4
    assert list(forget_views_before(hours[2])) == []


def test_broken_off_after_any_step_it_goes_on(monkeypatch):
    monkeypatch.setattr(retention, "DELETED_AT_ONCE", 2)
    monkeypatch.setattr(retention, "CELLS_AT_ONCE", 1)
    decisions(*[view(page, user) for page in "xyz" for user in "abc"])
    steps = 0
    while next(forget_views_before(NOON + HOUR), None) is not None:
        steps += 1
    assert steps > 10
    assert not of_hour(NOON).exists()
    assert not ViewCell.objects.filter(hour=hour_of(NOON), is_closed=False).exists()


# -- Beside others -------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_others_may_write_between_its_steps():
    decisions(view())
    hour = hour_of(NOON)
    pages = range(1000, 3500)
    ViewCell.objects.bulk_create([ViewCell(page=page, hour=hour) for page in pages])
    CellVisitor.objects.add([(page, hour, 1) for page in pages])
    steps = forget_views_before(NOON + HOUR)
    for _ in steps:
        at_once(1, lambda number: decisions(view(at=NOON + HOUR)))
    assert not of_hour(NOON).exists()


@pytest.mark.django_db(transaction=True)
def test_consumers_that_retry_old_views_meanwhile_count_none_again():
    old = [view(f"page {number % 5}", f"user {number % 7}") for number in range(60)]
    decisions(*old)
    before, decided = cells(), []

    def work(number):
        if number == 0:
            list(forget_views_before(NOON + HOUR))
            return
        for start in range(0, 60, 6):
            decided.extend(decisions(*old[start : start + 6]))

    at_once(3, work)
    assert set(decided) <= {Decision.DUPLICATE, Decision.TOO_OLD}
    assert cells() == before
    assert not PageView.objects.exists()


def test_an_idle_night_locks_nothing(django_assert_max_num_queries):
    decisions(view(at=NOON))
    with django_assert_max_num_queries(3):  # a look, and the savepoint of this test around it
        assert list(forget_views_before(NOON - DAY)) == []
    assert ViewCell.objects.filter(page=ALL_PAGES, forgotten_before=None).count() == 2
