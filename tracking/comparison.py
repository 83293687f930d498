"""Groups compared with the control while the campaign runs, as often as one looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tracking.confidence import ERROR, Arm, Evidence, Rate

# Cochran's rule for two by two tables: of each kind so many are expected in each group, or the
# normal distribution is no approximation (W. G. Cochran, Biometrics 10 (1954), 417).
LEAST_EXPECTED = 5
# Of the open rate (or of its complement, where that is smaller): who could not even see a change
# of this size can't say that there is none.
COARSEST = 0.5


class Result(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    NO_DIFFERENCE_YET = "no difference yet"
    TOO_EARLY = "too early"


@dataclass(frozen=True)
class Comparison:
    """What is known of a group's open rate beside the control's.

    `difference`: rate of the group minus that of the control, as a share (0.03: three points
    more); None where one of them has no contacts.
    `low`, `high`: its interval, at `confidence`; None where the counts are too small for one. It
    leaves 0 out where the result is `better` or `worse`, and nowhere else.
    `confidence`: 0.95 with one group beside the control. With several it is the level at which
    Holm's procedure decided this comparison, or left it undecided. Each interval by itself holds
    the true difference at all looks in at least 95 % of campaigns; the *results* of a campaign are
    all right, at all looks, in at least 95 %.
    `p_value`: valid at any look, corrected for the number of groups; at most 0.05 where decided.
    `contacts_wanted`: with `too early`, how many more contacts are needed before it is not, if
    the open rate stays as it is and the smaller group gets them until both are even; else None.
    Also None where none or all have opened, in both groups: no such rate stays as it is.
    """

    difference: float | None
    low: float | None
    high: float | None
    confidence: float
    p_value: float
    result: Result
    contacts_wanted: int | None


def compare(control: Arm, groups: Sequence[Arm]) -> list[Comparison]:
    """Each group compared with the control, in the order given.

    A result says what the counts of now say, and the difference is the one of now: of mails that
    went out at once it grows as openings come in. One that was seen can be lost from sight again,
    and it can be too early once more when the open rate falls. Every comparison counts in the
    correction, also those that are too early: they will be looked at later. So all groups of a
    campaign are given at once.

    Pure arithmetic; never raises for arms that are arms.
    """
    found = [evidence_of(control, group) for group in groups]
    corrected = holm([evidence.p_value if evidence else 1.0 for evidence in found])
    return [
        compared(control, group, evidence, *facts)
        for group, evidence, facts in zip(groups, found, corrected, strict=True)
    ]


def evidence_of(control: Arm, group: Arm) -> Evidence | None:
    """None where the counts are too small to be evidence."""
    if not normal(Rate.pooled(control, group), control.contacts, group.contacts):
        return None
    return Evidence.of(control, group)


def holm(p_values: Sequence[float]) -> list[tuple[float, float]]:
    """(adjusted p-value, error at which it was decided or left undecided) of each, in their order.

    The strongest is decided at ERROR divided by all, the next at ERROR divided by those that are
    left, and so on; the first that fails stays undecided at that error, and so do all after it.

    Source: S. Holm, Scandinavian Journal of Statistics 6 (1979), 65. As each p-value is valid at
    any look, so is the procedure: to be wrong, one of n comparisons without a difference would
    have to fall to ERROR / n at some look.
    """
    found = [(1.0, ERROR)] * len(p_values)
    left, worst = len(p_values), 0.0
    ranked = sorted(range(len(p_values)), key=p_values.__getitem__)
    for place, index in enumerate(ranked):
        worst = max(worst, min(1.0, (len(p_values) - place) * p_values[index]))
        found[index] = worst, ERROR / left
        if worst <= ERROR:
            left -= 1
    return found


def compared(
    control: Arm, group: Arm, evidence: Evidence | None, p_value: float, error: float
) -> Comparison:
    difference = low = high = wanted = None
    if control.contacts and group.contacts:
        difference = group.opened / group.contacts - control.opened / control.contacts
    result = Result.TOO_EARLY
    if evidence:
        half = evidence.half_width(error)
        low, high = max(difference - half, -1.0), min(difference + half, 1.0)
        result = result_of(low, high)
    if result not in (Result.BETTER, Result.WORSE):
        wanted = contacts_wanted(control, group, error)
        result = Result.TOO_EARLY if wanted else Result.NO_DIFFERENCE_YET
        if control.opened + group.opened in (0, control.contacts + group.contacts):
            wanted = None
    return Comparison(difference, low, high, 1 - error, p_value, result, wanted or None)


def result_of(low: float, high: float) -> Result:
    if low > 0:
        return Result.BETTER
    return Result.WORSE if high < 0 else Result.NO_DIFFERENCE_YET


def contacts_wanted(control: Arm, group: Arm, error: float) -> int:
    """How many more until enough are there; 0 where they are. See Comparison."""
    rate = Rate.pooled(control, group)
    sizes = sorted((control.contacts, group.contacts))

    def are_enough(more: int) -> bool:
        return enough(rate, *grown(*sizes, more), error)

    if are_enough(0):
        return 0
    low, high = 0, 1
    while not are_enough(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if are_enough(middle) else (middle, high)
    return high


def grown(smaller: int, larger: int, more: int) -> tuple[int, int]:
    """The sizes of two groups when the smaller gets what comes until they are even."""
    if smaller + more <= larger:
        return smaller + more, larger
    whole = smaller + larger + more
    return whole // 2, whole - whole // 2


def enough(rate: Rate, contacts: int, others: int, error: float) -> bool:
    """Whether groups of these sizes can show no difference, rather than nothing."""
    if not normal(rate, contacts, others):
        return False
    return Evidence.planned(rate, contacts, others).half_width(error) <= COARSEST * rate.rarer


def normal(rate: Rate, contacts: int, others: int) -> bool:
    return rate.rarer * min(contacts, others) >= LEAST_EXPECTED
