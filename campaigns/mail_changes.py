"""How other apps follow when the mails of contacts change: scheduled for, or sent at, another
moment, or with other pixels.

As in `removal.py`, they register here, in their `AppConfig.ready`. That a contact comes or goes is
no such change.
"""

from collections.abc import Callable, Iterable

_followers: list[Callable[[list[int]], None]] = []


def when_mails_change(follow: Callable[[list[int]], None]):
    """Register `follow(contact_ids)`. It runs inside the transaction that changes `scheduled_at`,
    `sent_at` or the pixels, after it is stored; the contacts are locked, and their ids sorted."""
    _followers.append(follow)


def tell_of_mails(contact_ids: Iterable[int]):
    """Call it inside the transaction that changed them."""
    for follow in _followers:
        follow(sorted(contact_ids))
