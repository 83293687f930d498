"""A/B tests that are made up, and looked at again and again as they go on."""

from dataclasses import dataclass
from math import log

import numpy as np

from tracking.comparison import Comparison, Result, compare
from tracking.confidence import ERROR, Z95, Arm

DECIDED = (Result.BETTER, Result.WORSE)


SPOT_CHECK = 40  # of so many looks one is taken whether there is something to see or not


@dataclass(frozen=True)
class Tests:
    """Many A/B tests of one kind. The first group is the control.

    `contacts`: whole numbers, per look and group; `opened`: per run, look and group.
    """

    contacts: np.ndarray
    opened: np.ndarray

    __test__ = False  # pytest takes it for one of its own

    def first_winners(self) -> list[list[tuple[Result | None, int | None]]]:
        """Per run and group what it was first called, better or worse, and its contacts then.

        Most looks are not worth the time: no mixture makes p smaller than exp(-z²/2), so where z²
        is below 2 ln(1 / ERROR) nothing can be decided. Some of those are taken to see that it is
        so.
        """
        worth = (self.z_squares() > 2 * log(1 / ERROR)).any(axis=2)
        return [self.watch(*both) for both in zip(self.opened, worth, strict=True)]

    def watch(self, run: np.ndarray, worth: np.ndarray) -> list[tuple[Result | None, int | None]]:
        first: list[tuple[Result | None, int | None]] = [(None, None)] * (run.shape[1] - 1)
        spots = np.arange(len(run)) % SPOT_CHECK == 0
        for number in np.flatnonzero(worth | spots):
            contacts = self.contacts[number].tolist()
            for place, found in enumerate(look(contacts, run[number].tolist())):
                if found.result in DECIDED:
                    assert worth[number], "decided where nothing can be"
                    if not first[place][0]:
                        first[place] = found.result, contacts[place + 1]
            if all(result for result, _ in first):
                break
        return first

    def z_test_winners(self) -> int:
        """Runs in which a z-test at 5 % of some group found a winner at some look."""
        return int((self.z_squares() > Z95**2).any(axis=(1, 2)).sum())

    def z_squares(self) -> np.ndarray:
        """Per run, look and group, of the z-test with the pooled rate; 0 without a variance."""
        n, x = self.contacts, self.opened
        rate = (x[:, :, :1] + x[:, :, 1:]) / (n[:, :1] + n[:, 1:])
        spread = rate * (1 - rate) * (1 / n[:, :1] + 1 / n[:, 1:])
        difference = x[:, :, 1:] / n[:, 1:] - x[:, :, :1] / n[:, :1]
        return np.divide(difference**2, spread, out=np.zeros_like(spread), where=spread > 0)


def look(contacts: list[int], opened: list[int]) -> list[Comparison]:
    control, *groups = map(Arm, contacts, opened)
    return compare(control, groups)


def by_chance(seed: int) -> np.random.RandomState:
    return np.random.RandomState(seed)  # of which numpy promises the same numbers for ever


def one_by_one(rates, growth, runs: int, seed: int) -> Tests:
    """Contacts keep coming, and open at once or never.

    `growth`: per look and group, the contacts that come before it.
    """
    growth = np.asarray(growth)
    opened = by_chance(seed).binomial(growth, rates, (runs, *growth.shape)).cumsum(axis=1)
    return Tests(growth.cumsum(axis=0), opened)


def evenly(groups: int, looks: int = 100, step: int = 100) -> np.ndarray:
    """A look after every 100 contacts of 10,000 in each group."""
    return np.full((looks, groups), step)


def openings_by(hours: np.ndarray) -> np.ndarray:
    """Of the openings that will be, the share that is there so many hours after the mail."""
    return 1 - np.exp(-((np.maximum(hours, 0) / 6) ** 0.6))  # the half in three hours


def sent_at_once(rates, contacts: int, looks: int, every: float, runs: int, seed: int) -> Tests:
    """All mails go out together; a look every so many hours, as openings come in."""
    chance, rates = by_chance(seed), np.asarray(rates)
    due = np.full((looks, len(rates)), contacts)
    opened, share = np.zeros((runs, looks, len(rates)), int), 0.0
    so_far = np.zeros((runs, len(rates)), int)
    for number in range(looks):
        then = openings_by(np.float64((number + 1) * every))
        so_far += chance.binomial(contacts - so_far, rates * (then - share) / (1 - rates * share))
        opened[:, number], share = so_far, then
    return Tests(due, opened)


def in_lots(rates, size: int, looks: int, every: float, runs: int, seed: int) -> Tests:
    """A lot of mails goes out before each look, while openings of the earlier ones come in."""
    chance, rates = by_chance(seed), np.asarray(rates)
    gains = np.zeros((runs, looks, len(rates)), int)
    for sent in range(looks):
        share, so_far = 0.0, np.zeros((runs, len(rates)), int)
        for number in range(sent, looks):
            then = openings_by(np.float64((number - sent + 1) * every))
            new = chance.binomial(size - so_far, rates * (then - share) / (1 - rates * share))
            gains[:, number] += new
            so_far, share = so_far + new, then
    growth = np.full((looks, len(rates)), size)
    return Tests(growth.cumsum(axis=0), gains.cumsum(axis=1))
