"""Who looks all the time is told no more false winners than who looks once, and sees the true one.

Made-up tests from fixed seeds. What is expected is so far from its bound that another seed would
not get there either: 45 of 2,000 where 100 may be. benchmarks/AB.md has more kinds of tests.
"""

import pytest
from statsmodels.stats.proportion import proportions_ztest

from tracking.comparison import Result
from tracking.tests.looks import evenly, one_by_one, sent_at_once

RUNS = 2_000
MOST = 0.05 * RUNS


def false_winners(tests):
    return sum(any(result for result, _ in run) for run in tests.first_winners())


def test_the_z_test_that_is_shown_beside_is_the_one_of_statsmodels():
    tests = one_by_one((0.2, 0.25), [(150, 200)], 40, seed=6)
    p_values = [proportions_ztest(run[0], tests.contacts[0])[1] for run in tests.opened]
    assert 0 < tests.z_test_winners() == sum(p_value < 0.05 for p_value in p_values)


@pytest.mark.parametrize("rate", [0.02, 0.2])
def test_groups_alike_have_a_winner_in_one_of_twenty_at_most(rate):
    tests = one_by_one((rate, rate), evenly(2), RUNS, seed=1)
    assert false_winners(tests) <= MOST
    assert tests.z_test_winners() > 4 * MOST  # which is why there is no z-test here


def test_a_true_difference_of_three_points_is_found_by_ten_thousand_contacts():
    tests = one_by_one((0.2, 0.23), evenly(2), RUNS, seed=2)
    right = sum(run[0][0] == Result.BETTER for run in tests.first_winners())
    assert right >= 0.95 * RUNS


def test_four_groups_alike_together_have_a_winner_in_one_of_twenty_at_most():
    """A look after every 400, as there are more groups."""
    assert false_winners(one_by_one((0.2,) * 4, evenly(4, 25, 400), RUNS, seed=3)) <= MOST


def test_a_mailing_that_goes_out_at_once_is_no_exception():
    """The contacts are there from the first look; it is the openings that come in."""
    tests = sent_at_once((0.2, 0.2), 5_000, looks=60, every=0.25, runs=RUNS, seed=4)
    assert false_winners(tests) <= MOST


def test_groups_that_grow_at_different_speeds_are_none_either():
    growth = [(380, 20)] * 25 + [(20, 380)] * 25
    assert false_winners(one_by_one((0.05, 0.05), growth, RUNS, seed=5)) <= MOST
