"""What confidence.py computes, beside statsmodels, which computes it in its own way."""

from math import exp, isclose, log, sqrt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

from tracking.confidence import ERROR, SPREAD, TIGHTEST_AT, Arm, Evidence, Rate, wilson

CLOSE = pytest.approx
calm = settings(deadline=None, suppress_health_check=list(HealthCheck))  # on a busy machine


@st.composite
def arms(draw, least=0, most=10**6):
    contacts = draw(st.integers(least, most))
    return Arm(contacts, draw(st.integers(0, contacts)))


@calm
@given(arms(least=1))
def test_the_interval_of_a_rate_is_wilsons(arm):
    found = proportion_confint(arm.opened, arm.contacts, method="wilson")
    assert wilson(arm.opened, arm.contacts) == CLOSE(found, abs=1e-9)


def test_without_trials_there_is_no_interval():
    assert wilson(0, 0) == (None, None)


@pytest.mark.parametrize("contacts", [1, 7, 40, 1_000, 10**7])
def test_the_interval_of_none_or_all_ends_at_0_or_1(contacts):
    assert wilson(0, contacts)[0] == 0
    assert wilson(contacts, contacts)[1] == 1


@pytest.mark.parametrize(("contacts", "opened"), [(10, 11), (-1, 0), (0, 1), (10, -1)])
def test_more_contacts_than_there_are_cannot_have_opened(contacts, opened):
    with pytest.raises(ValueError, match="can't have opened"):
        Arm(contacts, opened)


@calm
@given(arms(least=1), arms(least=1))
def test_the_p_value_is_robbins_of_the_z_test_of_statsmodels(control, group):
    """e = the mixture's likelihood ratio, for a normal mixture over the difference."""
    added = [Rate.pooled(control, group).opened, *(Rate.of(arm).opened for arm in (control, group))]
    counts, sizes = [group.opened, control.opened], [group.contacts, control.contacts]
    pooled, _ = proportions_ztest(counts, sizes, prop_var=added[0])
    apart = sum(p * (1 - p) / n for p, n in zip(added[:0:-1], sizes, strict=True))
    difference = group.opened / group.contacts - control.opened / control.contacts
    z = min(abs(pooled), abs(difference) / sqrt(apart))
    evidence = Evidence.of(control, group)
    mixture = (SPREAD * added[0]) ** 2
    e = log(evidence.variance / (evidence.variance + mixture)) / 2
    e += z**2 / 2 * mixture / (evidence.variance + mixture)
    assert evidence.p_value == CLOSE(min(1.0, exp(-min(e, 700))), abs=1e-9)


@calm
@given(arms(least=1), arms(least=1), st.floats(1e-6, 0.5))
def test_the_interval_leaves_0_out_just_when_the_p_value_is_below_its_error(control, group, error):
    evidence = Evidence.of(control, group)
    p_value, half = evidence.p_value, evidence.half_width(error)
    if not isclose(p_value, error, rel_tol=1e-9):
        assert (abs(evidence.difference) > half) == (p_value < error)


@pytest.mark.parametrize("rate", [0.005, 0.02, 0.2])
def test_it_is_tightest_where_it_says(rate):
    """Beside the interval for one look, at the openings of both groups together."""

    def ratio(contacts):
        planned = Evidence.planned(Rate(rate, 1 - rate), contacts, contacts)
        return planned.half_width(ERROR) / sqrt(planned.variance)

    best = minimize_scalar(ratio, bounds=(10, 10**7), method="bounded", options={"xatol": 1})
    assert 2 * best.x * rate / (1 - rate) == CLOSE(TIGHTEST_AT, rel=0.05)


@calm
@given(arms(least=1, most=10**4), arms(least=1, most=10**4), st.integers(2, 1000))
def test_more_of_the_same_makes_the_interval_narrower(control, group, times):
    def grown(arm):
        return Arm(arm.contacts * times, arm.opened * times)

    narrower = Evidence.of(grown(control), grown(group)).half_width(ERROR)
    assert narrower < Evidence.of(control, group).half_width(ERROR)


def test_beside_a_large_group_a_small_one_tells_no_more_than_twice_of_its_size():
    large, twice = (Evidence.planned(Rate(0.2, 0.8), 100, size) for size in (10**9, 100))
    assert large.variance == CLOSE(twice.variance / 2)
    assert large.gain == CLOSE(twice.gain * 2)
