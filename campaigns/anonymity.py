"""Whether a campaign has taken in openings anonymously, which only another app can tell.

`campaigns` can't import the app that keeps openings, so that one registers here, in its
`AppConfig.ready`, a function that knows.
"""

from collections.abc import Callable

_witnesses: list[Callable] = []


def ask_about_anonymity(witness: Callable):
    """Register `witness(campaign) -> bool`."""
    _witnesses.append(witness)


def took_in_anonymously(campaign) -> bool:
    return any(witness(campaign) for witness in _witnesses)
