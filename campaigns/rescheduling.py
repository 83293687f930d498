"""How other apps follow when contacts are scheduled for another moment.

As in `removal.py`, they register here, in their `AppConfig.ready`. That a contact comes or goes is
no rescheduling.
"""

from collections.abc import Callable

_followers: list[Callable[[list[int]], None]] = []


def when_rescheduled(follow: Callable[[list[int]], None]):
    """Register `follow(contact_ids)`. It runs inside the transaction that changes `scheduled_at`,
    after it is stored; the contacts are locked, and their ids sorted."""
    _followers.append(follow)


def tell_of_rescheduled(contact_ids: list[int]):
    """Call it inside the transaction that changed them."""
    for follow in _followers:
        follow(sorted(contact_ids))
