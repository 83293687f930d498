"""The kinds of A/B tests that are made up, and what becomes of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median

from tracking.comparison import Result
from tracking.tests.looks import Tests, evenly, in_lots, one_by_one, sent_at_once

MOST_WRONG = 0.05
LEAST_RIGHT = 0.95


@dataclass(frozen=True)
class Trial:
    """`truth`: per group beside the control what it is, None where it is like the control.
    `promised`: whether the truth must be found in LEAST_RIGHT of the runs.
    """

    name: str
    make: Callable[..., Tests]  # given runs and seed
    truth: tuple[Result | None, ...]
    promised: bool = False


@dataclass(frozen=True)
class Found:
    """`wrong`: runs in which some group was called what it is not; `right`: in which all that
    differ were called what they are, and none what it is not; `z_test`: in which a z-test found a
    winner; `size`: contacts of a group when the half of the right runs had been decided.
    """

    trial: Trial
    runs: int
    looks: int
    wrong: int
    right: int
    z_test: int
    size: int | None

    @classmethod
    def of(cls, trial: Trial, runs: int, seed: int) -> "Found":
        tests = trial.make(runs=runs, seed=seed)
        winners = tests.first_winners()
        told = [tuple(result for result, _ in run) for run in winners]
        wrong = sum(any(map(differs, run, trial.truth)) for run in told)
        right = [run for run, results in zip(winners, told, strict=True) if results == trial.truth]
        sizes = [max(size for result, size in run if result) for run in right if any(trial.truth)]
        return cls(
            trial,
            runs,
            len(tests.contacts),
            wrong,
            len(right),
            tests.z_test_winners(),
            round(median(sizes)) if sizes else None,
        )

    @property
    def holds(self) -> bool:
        found = not self.trial.promised or self.right >= LEAST_RIGHT * self.runs
        return found and self.wrong <= MOST_WRONG * self.runs


def differs(told: Result | None, truth: Result | None) -> bool:
    return told is not None and told != truth


def alike(name: str, make, rate: float, groups: int = 2, *arguments, **options) -> Trial:
    make = partial(make, (rate,) * groups, *arguments, **options)
    return Trial(f"{name}, {rate:.0%}", make, (None,) * (groups - 1))


TURNS = [(180, 20)] * 50 + [(20, 180)] * 50
ALIKE = [
    *(
        alike(f"{groups} groups", one_by_one, rate, groups, evenly(groups))
        for groups in (2, 3, 4)
        for rate in (0.02, 0.2)
    ),
    *(
        alike("one group grows five times as fast", one_by_one, rate, 2, [(100, 20)] * 100)
        for rate in (0.02, 0.2)
    ),
    *(
        alike("nine times as fast, then the other", one_by_one, rate, 2, TURNS)
        for rate in (0.02, 0.2)
    ),
    *(
        alike("sent at once to 5,000 each", sent_at_once, rate, 2, 5_000, looks=240, every=0.1)
        for rate in (0.02, 0.2, 0.6)
    ),
    *(
        alike("sent in lots of 100 an hour", in_lots, rate, 2, 100, looks=100, every=1)
        for rate in (0.02, 0.2)
    ),
]
BETTER, WORSE = Result.BETTER, Result.WORSE
DIFFERENT = [
    Trial("20 % and 23 %", partial(one_by_one, (0.2, 0.23), evenly(2)), (BETTER,), True),
    Trial("23 % and 20 %", partial(one_by_one, (0.23, 0.2), evenly(2)), (WORSE,), True),
    Trial("2 % and 3 %", partial(one_by_one, (0.02, 0.03), evenly(2)), (BETTER,)),
    Trial("20 %, 20 % and 23 %", partial(one_by_one, (0.2, 0.2, 0.23), evenly(3)), (None, BETTER)),
    Trial(
        "20 %, 17 %, 20 % and 23 %",
        partial(one_by_one, (0.2, 0.17, 0.2, 0.23), evenly(4)),
        (WORSE, None, BETTER),
    ),
    Trial(
        "20 % and 23 %, sent at once to 10,000 each",
        partial(sent_at_once, (0.2, 0.23), 10_000, looks=240, every=0.1),
        (BETTER,),
    ),
]
