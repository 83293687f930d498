import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from tracking.comparison import Result, compare, holm
from tracking.confidence import ERROR, Arm, Evidence
from tracking.tests.test_confidence import arms, calm

DECIDED = {Result.BETTER, Result.WORSE}
CONTROL = Arm(10_000, 2_000)
MOST = 2**63 - 1  # that a database counts
any_arms = arms(most=MOST) | arms(most=50) | arms(most=20_000)
campaigns = st.tuples(any_arms, st.lists(any_arms, min_size=1, max_size=5))
p_values = st.lists(st.floats(0, 1) | st.sampled_from([0.01, 0.0125, 0.05]), max_size=6)


def alone(control, group):
    (found,) = compare(control, [group])
    return found


def test_a_group_that_opens_more_is_better():
    found = alone(CONTROL, Arm(10_000, 2_300))
    assert found.result == "better"
    assert found.difference == pytest.approx(0.03)
    assert (found.low, found.high) == pytest.approx((0.0116, 0.0484), abs=1e-4)
    assert found.confidence == 0.95
    assert found.p_value < 0.0001
    assert found.contacts_wanted is None


def test_a_group_that_opens_less_is_worse():
    assert alone(Arm(10_000, 2_300), CONTROL).result == "worse"


def test_a_group_that_nobody_opens_is_worse_and_not_too_small_to_tell():
    found = alone(CONTROL, Arm(1_000, 0))
    assert found.result == "worse"
    assert found.high < 0


@pytest.mark.parametrize("opened", [2, 50])
def test_a_small_group_beside_a_large_one_is_judged_by_the_wider_of_two_variances(opened):
    """Two openings of 1,000 look steadier than they are by themselves, and fifty, pooled with the
    control's 200 of 10,000.
    """
    assert alone(Arm(10_000, 200), Arm(1_000, opened)).result not in DECIDED


def test_groups_alike_have_no_difference_yet():
    found = alone(CONTROL, Arm(10_000, 2_010))
    assert found.result == "no difference yet"
    assert found.low < 0 < found.high
    assert found.contacts_wanted is None


def test_a_winner_after_forty_mails_is_none():
    found = alone(Arm(20, 2), Arm(20, 9))
    assert found.result == "too early"
    assert found.contacts_wanted > 400


def test_with_contacts_enough_for_the_normal_distribution_the_interval_is_told():
    found = alone(Arm(100, 20), Arm(100, 22))
    assert (found.result, found.low < -0.2, found.high > 0.2) == ("too early", True, True)


@pytest.mark.parametrize("arm", [Arm(0, 0), Arm(30, 0), Arm(30, 30), Arm(1, 1), Arm(30, 1)])
def test_where_counts_are_too_small_there_is_no_interval(arm):
    found = alone(arm, arm)
    assert (found.low, found.high, found.p_value) == (None, None, 1.0)
    assert found.difference == (0.0 if arm.contacts else None)
    assert found.result == "too early"
    if arm == Arm(30, 1):
        assert found.contacts_wanted >= 100


@pytest.mark.parametrize("arm", [Arm(0, 0), Arm(1_000, 0), Arm(1_000, 1_000)])
def test_where_none_or_all_have_opened_nobody_knows_how_many_are_wanted(arm):
    found = alone(arm, arm)
    assert (found.result, found.contacts_wanted) == ("too early", None)
    assert alone(arm, Arm(1_000, 7)).contacts_wanted != 0


def test_when_the_wanted_contacts_are_there_it_is_no_longer_too_early():
    wanted = alone(Arm(1000, 20), Arm(3000, 60)).contacts_wanted
    size = (4000 + wanted) // 2
    assert size > 3000
    almost, there = (Arm(round(size * k), round(size * k) // 50) for k in (0.97, 1.03))
    assert alone(almost, almost).result == "too early"
    assert alone(there, there).result == "no difference yet"


def test_contacts_that_come_to_the_smaller_group_first_are_the_fewest_wanted():
    """A group that has enough need not grow for the other's sake."""
    large, small = Arm(10_000, 2_000), Arm(100, 20)
    wanted = alone(large, small).contacts_wanted
    assert 10 < wanted < 1000
    assert alone(large, Arm(100 + wanted, 20 + wanted // 5)).result == "no difference yet"


def test_with_several_groups_each_must_be_clearer():
    """Of three, at 5 % / 3; its interval is told at that level."""
    group = Arm(10_000, 2_190)
    assert alone(CONTROL, group).result == "better"
    found = compare(CONTROL, [group, CONTROL, CONTROL])
    assert {one.result for one in found} == {"no difference yet"}
    assert {round(one.confidence, 6) for one in found} == {0.983333}
    assert found[0].low < 0 < found[0].high


def test_what_is_decided_makes_the_next_decision_easier():
    group = Arm(10_000, 2_190)
    found = compare(CONTROL, [group, Arm(10_000, 2_900), Arm(10_000, 1_200)])
    assert [one.result for one in found] == ["better", "better", "worse"]
    assert sorted(round(one.confidence, 6) for one in found) == [0.95, 0.975, 0.983333]
    assert found[0].confidence == 0.95
    assert found[0].low > 0


def test_a_group_that_is_too_early_is_counted_in_the_correction():
    group = Arm(10_000, 2_190)
    found = compare(CONTROL, [group, Arm(0, 0), Arm(0, 0)])
    assert [one.result for one in found] == ["no difference yet", "too early", "too early"]


def test_without_other_groups_nothing_is_compared():
    assert compare(CONTROL, []) == []


@pytest.mark.parametrize(
    "found",
    [[0.03], [0.03, 0.015], [0.01, 0.04, 0.03, 0.005], [0.2, 0.0, 1.0, 0.9, 0.012], [0.02] * 3],
)
def test_p_values_are_adjusted_as_statsmodels_does(found):
    adjusted = [p_value for p_value, _ in holm(found)]
    assert adjusted == pytest.approx(list(multipletests(found, method="holm")[1]), abs=1e-9)


@calm
@given(p_values)
@example([0.03, 0.015])
def test_a_comparison_is_decided_at_the_error_that_is_told(found):
    for p_value, (adjusted, error) in zip(found, holm(found), strict=True):
        if abs(p_value - error) > 1e-12:
            assert (p_value < error) == (adjusted <= ERROR)


@calm
@given(campaigns)
def test_results_intervals_and_p_values_agree_for_whatever_counts(campaign):
    control, groups = campaign
    for arm, found in zip(groups, compare(control, groups), strict=True):
        assert (found.difference is None) == (not (control.contacts and arm.contacts))
        unanimous = control.opened + arm.opened in (0, control.contacts + arm.contacts)
        is_wanted = found.result == "too early" and not unanimous
        assert (found.contacts_wanted is not None) == is_wanted
        assert found.contacts_wanted is None or found.contacts_wanted >= 1
        assert 1 - ERROR <= found.confidence <= 1 - ERROR / len(groups) + 1e-9
        assert 0 <= found.p_value <= 1
        if found.low is None:
            assert (found.high, found.p_value, found.result) == (None, 1.0, "too early")
            continue
        assert -1 <= found.low <= found.difference <= found.high <= 1
        assert (found.low > 0) == (found.result == "better")
        assert (found.high < 0) == (found.result == "worse")
        if abs(found.p_value - ERROR) > 1e-9:
            assert (found.p_value < ERROR) == (found.result in DECIDED)


@calm
@given(any_arms, any_arms)
def test_seen_from_the_other_side_it_is_the_same(control, group):
    there, back = alone(control, group), alone(group, control)
    mirrored = {"better": "worse", "worse": "better"}
    assert back.result == mirrored.get(there.result, there.result)
    assert (back.p_value, back.contacts_wanted) == (there.p_value, there.contacts_wanted)
    if there.low is not None:
        assert (back.difference, back.low, back.high) == (
            -there.difference,
            -there.high,
            -there.low,
        )


@calm
@given(arms(most=2000), arms(most=2000), st.integers(1, 50))
@example(Arm(20, 0), Arm(742, 547), 26)
def test_a_group_that_is_better_stays_so_when_more_of_it_open(control, group, more):
    """Unless so few are left that have not opened that there is no interval any more."""
    opened = min(group.opened + more, group.contacts)
    if alone(control, group).result == "better":
        found = alone(control, Arm(group.contacts, opened))
        assert found.result == "better" or found.low is None


@calm
@given(any_arms, st.lists(any_arms, min_size=1, max_size=5))
def test_holm_decides_what_bonferroni_does_and_nothing_that_is_not_clear_alone(control, groups):
    together = compare(control, groups)
    for group, found in zip(groups, together, strict=True):
        single = alone(control, group)
        if found.result in DECIDED:
            assert single.result == found.result
        if single.low is not None and group.contacts:
            evidence = Evidence.of(control, group)
            if abs(evidence.difference) > evidence.half_width(ERROR / len(groups)) * (1 + 1e-9):
                assert found.result in DECIDED


@calm
@given(st.lists(any_arms, min_size=2, max_size=5), st.randoms())
def test_the_order_of_the_groups_changes_nothing(groups, random):
    control = groups[0]
    found = dict(zip(groups, compare(control, groups), strict=True))
    random.shuffle(groups)
    again = dict(zip(groups, compare(control, groups), strict=True))
    assert {arm: one.result for arm, one in again.items()} == {
        arm: one.result for arm, one in found.items()
    }
