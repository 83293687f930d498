from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.confidence import ERROR
from tracking.schedules import schedule_gap
from tracking.tests.looks import DECIDED, by_chance, look, openings_by
from tracking.tests.test_confidence import calm

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NONE = timedelta()
schedules = st.dictionaries(
    st.integers(0, 10_000).map(lambda minutes: NINE + minutes * MINUTE), st.integers(0, 10**7)
)


def gap(control, group, after):
    """Of schedules in minutes after nine."""
    control, group = ({NINE + at * MINUTE: n for at, n in one.items()} for one in (control, group))
    return schedule_gap(control, group, NINE + after)


def test_schedules_that_are_the_same_can_be_compared():
    found = gap({0: 500, 60: 500}, {0: 100, 60: 100}, DAY)
    assert (found.later, found.apart, found.comparable) == (NONE, NONE, True)


def test_ten_minutes_matter_in_the_first_hour():
    found = gap({0: 500}, {10: 500}, HOUR)
    assert (found.later, found.apart, found.comparable) == (10 * MINUTE, 10 * MINUTE, False)


def test_ten_minutes_do_not_matter_on_the_next_day():
    assert gap({0: 500}, {10: 500}, DAY).comparable


def test_it_is_the_later_group_whose_time_tells():
    assert not gap({0: 500}, {10: 500}, 105 * MINUTE).comparable  # of 95 minutes
    assert not gap({10: 500}, {0: 500}, 105 * MINUTE).comparable
    assert gap({0: 500}, {10: 500}, 115 * MINUTE).comparable


def test_an_hour_matters_for_ever_because_other_people_are_up():
    assert not gap({0: 500}, {60: 500}, 365 * DAY).comparable
    assert gap({0: 500}, {59: 500}, 365 * DAY).comparable


def test_the_control_may_be_the_later_one():
    assert gap({60: 500}, {0: 500}, DAY).later == -HOUR


def test_schedules_that_cross_are_apart_though_none_is_later():
    found = gap({0: 500, 120: 500}, {60: 1000}, DAY)
    assert (found.later, found.apart, found.comparable) == (NONE, HOUR, False)


def test_who_is_not_due_does_not_count():
    assert gap({0: 500, 60: 500}, {0: 500, 2000: 500}, 30 * MINUTE).apart == NONE


@pytest.mark.parametrize(("control", "group"), [({}, {}), ({0: 1}, {}), ({0: 5}, {90: 5})])
def test_without_contacts_that_are_due_there_is_nothing_to_compare(control, group):
    assert gap(control, group, HOUR) is None


def test_few_contacts_drawn_by_lot_are_hours_apart_by_chance():
    chance = Random(1)
    for _ in range(200):
        control, group = ({chance.randrange(7 * 1440): 1 for _ in range(50)} for _ in range(2))
        found = gap(control, group, 8 * DAY)
        assert found.comparable, found
    assert found.apart > HOUR


def test_many_that_are_half_a_day_apart_on_average_are_not_so_by_chance():
    chance = Random(1)
    control = {chance.randrange(7 * 1440): 1 for _ in range(2000)}
    group = {at + 720: 1 for at in control}
    found = gap(control, group, 9 * DAY)
    assert (found.later, found.comparable) == (12 * HOUR, False)


def test_the_head_start_is_what_openings_can_come_to_in_the_time():
    """Whoever is 10 minutes later than one of an hour ago has missed a sixth at the most."""
    found = gap({0: 500}, {10: 500}, HOUR)
    assert found.head_start == pytest.approx(1 / 6)
    assert found.may_decide(rate=0.3, half_width=0.09)
    assert not found.may_decide(rate=0.3, half_width=0.11)
    # Half of the group only, and both ways.
    assert gap({0: 500}, {0: 250, 10: 250}, HOUR).head_start == pytest.approx(1 / 12)
    assert gap({0: 500, 30: 500}, {10: 500, 20: 500}, HOUR).head_start == pytest.approx(
        (10 / 60 + 10 / 40) / 2
    )
    assert gap({0: 500}, {0: 500}, HOUR).head_start == 0


def test_what_is_by_chance_decides_nothing():
    assert not gap({0: 5, 30: 4}, {0: 4, 30: 5}, HOUR).may_decide(rate=1, half_width=0.001)


@pytest.mark.parametrize(("minutes", "contacts"), [(5, 200_000), (20, 50_000)])
def test_a_head_start_makes_no_winner_without_a_warning(minutes, contacts):
    """Of groups that are alike, looked at every quarter of an hour for a day."""
    chance, runs, rate = by_chance(1), 40, 0.2
    ages = np.array([15, 15 - minutes]) if minutes < 15 else np.array([30, 30 - minutes])
    opened, share = np.zeros((runs, 2), int), np.zeros(2)
    winners, unwarned = set(), set()
    while ages[0] <= 24 * 60:
        then = openings_by(ages / 60)
        opened += chance.binomial(contacts - opened, rate * (then - share) / (1 - rate * share))
        share = then
        found = gap({0: contacts}, {minutes: contacts}, int(ages[0]) * MINUTE)
        for run, numbers in enumerate(opened.tolist()):
            [comparison] = look([contacts, contacts], numbers)
            half_width = (comparison.high - comparison.low) / 2
            warned = found.may_decide(max(numbers) / contacts, half_width)
            warned = warned or not found.comparable
            if comparison.result in DECIDED:
                winners.add(run)
                if not warned:
                    unwarned.add(run)
        ages += 15
    assert len(winners) > runs / 2  # which is what the warning is for
    assert len(unwarned) <= runs * ERROR


@calm
@given(schedules, schedules)
def test_seen_from_the_other_side_it_is_the_same(control, group):
    as_of = NINE + 3 * DAY
    there, back = schedule_gap(control, group, as_of), schedule_gap(group, control, as_of)
    if there is None:
        assert back is None
        return
    assert (there.apart, there.comparable) == (back.apart, back.comparable)
    assert there.head_start == back.head_start <= 1
    assert there.later == -back.later
    assert there.apart >= abs(there.later) - timedelta(milliseconds=1)
    assert schedule_gap(control, control, as_of).comparable
