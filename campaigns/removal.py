"""How rows leave together with what other apps keep about them.

`campaigns` can't import the apps that build on it, so these register here, in their
`AppConfig.ready`, what they know to do.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import QuerySet

_forgetters: list[Callable[[QuerySet], None]] = []
_keepers: list["Keeper"] = []


def before_contacts_go(forget: Callable[[QuerySet], None]):
    """Register `forget(contacts)`: it forgets all that is kept about some contacts, inside the
    transaction that removes them, before them."""
    _forgetters.append(forget)


def forget_all_about(contacts: QuerySet):
    """Call it inside the transaction that removes the contacts."""
    for forget in _forgetters:
        forget(contacts)


@dataclass(frozen=True)
class Keeper:
    """What an app that keeps many rows about contacts and groups does for their removal in
    small steps. Groups and contacts are ids; the contacts are locked."""

    count: Callable[[list[int]], int]  # how many rows it keeps about these groups
    weigh: Callable[[list[int]], dict[int, int]]  # contact → how many rows, without the zeros
    lighten: Callable[[int, int], int]  # delete some of one contact's rows, at most so many
    clear: Callable[[list[int], int], int]  # delete groups' rows without contact, at most so many
    # Then, of what else it keeps of the groups, at most so many; how many that were.
    tidy: Callable[[list[int], int], int]


def before_groups_go(keeper: Keeper):
    """Register it."""
    _keepers.append(keeper)


def keepers() -> list[Keeper]:
    return _keepers
