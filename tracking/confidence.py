"""How sure a proportion is, and how sure the difference of two, from whole numbers alone."""

from dataclasses import dataclass
from math import exp, log, log1p, sqrt
from statistics import NormalDist

Z95 = NormalDist().inv_cdf(0.975)

ERROR = 0.05  # of all comparisons of a campaign together, however often one looks

# The sequence is tightest once so many contacts of both groups together have opened, which is a
# fifth of 2,500 contacts each, an ordinary campaign. It is nearly as tight far beyond that and
# careful long before, where the normal distribution is a poor approximation: at 100 openings it
# asks for 3.9 standard errors, at 1,000 for 3.0, at 10,000 for 3.2.
TIGHTEST_AT = 1000
# How many times the mixture's variance is the estimate's where the sequence is tightest.
TIGHTEST_GAIN = -2 * log(ERROR) + log(1 - 2 * log(ERROR))
# The standard deviation of the mixture, per open rate: what is looked for is a relative change, of
# about 18 %. See Evidence for why it is relative.
SPREAD = 2 * sqrt(TIGHTEST_GAIN / TIGHTEST_AT)


def wilson(successes: int, trials: int) -> tuple[float | None, float | None]:
    """The 95 % Wilson score interval of a proportion; (None, None) without trials.

    It holds for one look. Source: E. B. Wilson, JASA 22 (1927), 209.
    """
    if not trials:
        return None, None
    share, square = successes / trials, Z95**2 / trials
    centre = share + square / 2
    spread = Z95 * sqrt(share * (1 - share) / trials + square / (4 * trials))
    low, high = (centre - spread) / (1 + square), (centre + spread) / (1 + square)
    # Where none or all succeeded, the end is 0 or 1 but for the last digit.
    return max(low, 0.0) if successes else 0.0, min(high, 1.0) if successes < trials else 1.0


@dataclass(frozen=True)
class Arm:
    """A group as it stands: how many contacts it has, and how many of them have opened."""

    contacts: int
    opened: int

    def __post_init__(self):
        if not 0 <= self.opened <= self.contacts:
            raise ValueError(f"{self.opened} of {self.contacts} contacts can't have opened")


@dataclass(frozen=True)
class Rate:
    """An open rate with one contact that opened and one that did not added to what was seen, so
    that neither it nor its complement is ever 0. Both are kept: near 1 a difference would be lost.
    """

    opened: float
    unopened: float

    @classmethod
    def of(cls, arm: Arm) -> "Rate":
        return cls.seen(arm.contacts, arm.opened)

    @classmethod
    def pooled(cls, arm: Arm, other: Arm) -> "Rate":
        return cls.seen(arm.contacts + other.contacts, arm.opened + other.opened)

    @classmethod
    def seen(cls, contacts: int, opened: int) -> "Rate":
        return cls((opened + 1) / (contacts + 2), (contacts - opened + 1) / (contacts + 2))

    @property
    def rarer(self) -> float:
        return min(self.opened, self.unopened)

    @property
    def variance(self) -> float:
        """Of one contact."""
        return self.opened * self.unopened


@dataclass(frozen=True)
class Evidence:
    """The difference of two open rates as an asymptotic confidence sequence sees it: its intervals
    hold, and its p-values are valid, at all looks together.

    With the difference d, its variance V and the gain r, the interval at the error a is
    d ± sqrt(V (1 + 1/r) (ln(1 + r) + 2 ln(1/a))), and the p-value the least a at which 0 is
    outside: min(1, sqrt(1 + r) exp(-d² r / (2 V (1 + r)))).

    Source: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, arXiv 2103.06476 (Robbins' normal mixture
    with an estimated variance), of which GrowthBook's sequential engine is another implementation.
    There the gain is n ρ², which asks that the n contacts are all of the information and that the
    groups keep their proportions. Here it is measured, as the mixture's variance over V:
    - V shrinks with what the smaller group has learned, so groups may grow at any speeds of their
      own. (Of a difference of means, d/V has independent increments in 1/V, whatever the sizes.)
    - Most campaigns go out at once: the contacts don't grow any more, and their openings come in
      for days. Then openings are the clock and not contacts: the difference over 1 - p has
      independent increments in n p/(1 - p). A mixture as wide as the open rate p keeps to either
      clock: r = (SPREAD p)² / V grows with n p/(1 - p).
    """

    difference: float  # of the group to the control, as a share: 0.03 is three points more
    variance: float
    gain: float

    @classmethod
    def of(cls, control: Arm, group: Arm) -> "Evidence":
        """Both need contacts. What is added to V's rates (see Rate) matters to tiny groups only."""
        pooled = Rate.pooled(control, group)
        apart = Rate.of(control).variance / control.contacts
        apart += Rate.of(group).variance / group.contacts
        # The larger of the two: where little was opened in a small group its own variance is next
        # to nothing, and where much was, pooling hides it. The pooled one decides where sizes are
        # equal; the price is that groups of very unequal sizes are told apart later.
        variance = max(pooled.variance * widening(control.contacts, group.contacts), apart)
        difference = group.opened / group.contacts - control.opened / control.contacts
        return cls(difference, variance, gain(pooled, variance))

    @classmethod
    def planned(cls, rate: Rate, contacts: int, others: int) -> "Evidence":
        """Of two groups of these sizes, not 0, that both open at this rate."""
        variance = rate.variance * widening(contacts, others)
        return cls(0.0, variance, gain(rate, variance))

    def half_width(self, error: float) -> float:
        """Of the interval that holds the true difference at all looks, but for this error."""
        wide = log1p(self.gain) - 2 * log(error)
        return sqrt(self.variance * (1 + 1 / self.gain) * wide)

    @property
    def p_value(self) -> float:
        """Of there being no difference. It may be looked at as often as one likes."""
        squares = self.difference**2 / self.variance
        return exp(min(0.0, log1p(self.gain) - squares * self.gain / (1 + self.gain)) / 2)


def widening(contacts: int, others: int) -> float:
    """How many times the variance of a contact is that of the difference of two such means."""
    return 1 / contacts + 1 / others


def gain(rate: Rate, variance: float) -> float:
    return (SPREAD * rate.opened) ** 2 / variance
