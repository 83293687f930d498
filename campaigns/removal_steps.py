"""What a removal does in the background: small steps, each a short transaction of its own.

Whoever holds the lease of a removal takes its steps. A step renews the lease, deletes a little
and notes the progress, all or nothing; so a worker that is killed at any point loses nothing,
and two workers are harmless. Hits are not stored any more once the campaign or group is out of
sight; one that was being recorded at that moment holds the lock of its contact, and goes with it.
"""

import time
from collections.abc import Callable
from itertools import accumulate

from django.db import transaction
from django.db.models import Q

from campaigns.models import (
    Campaign,
    Contact,
    ContactImport,
    Group,
    Removal,
    ReportedRow,
    ScheduledCount,
)
from campaigns.models.contact_changes import ContactChanges
from campaigns.removal import keepers

STEP_CONTACTS = 1_000
STEP_ROWS = 1_000  # that other apps keep about them: openings


def work(seconds: float, pause: Callable[[float], None] = time.sleep):
    """Work at what is due, for about so long or until nothing is left; one step at least.

    After each step comes a pause as long as the step: the rest of the time is for the hits.
    """
    deadline = time.monotonic() + seconds
    while removal := Removal.objects.claim():
        try:
            measure(removal)
            take_steps(removal, deadline, pause)
        finally:
            removal.release()
        if time.monotonic() >= deadline:
            return


def take_steps(removal: Removal, deadline: float, pause: Callable[[float], None]):
    begun = time.monotonic()
    while step(removal) and (ended := time.monotonic()) < deadline:
        pause(ended - begun)
        begun = time.monotonic()


def measure(removal: Removal):
    """Count, once, what there is to remove."""
    if removal.contacts_total is None:
        groups = groups_of(removal)
        contacts = Contact.objects.filter(group__in=groups).count()
        removal.expect(contacts, sum(keeper.count(groups) for keeper in keepers()))


@transaction.atomic
def step(removal: Removal) -> bool:
    """Remove a little; False where nothing is left to do, or somebody else has taken over."""
    if not removal.hold():
        return False
    groups = groups_of(removal)
    if contacts := some_contacts(groups):
        removal.advance(*remove_some(contacts))
    elif cleared := sum(keeper.clear(groups, STEP_ROWS) for keeper in keepers()):
        removal.advance(openings=cleared)
    elif any(keeper.tidy(groups, STEP_ROWS) for keeper in keepers()):
        pass  # a step of its own, and no progress that is told
    elif some_reported_rows(removal, groups) or an_import(removal, groups) or some_counts(groups):
        pass
    elif groups:
        remove_empty(groups[0])
    else:
        Campaign.everything.filter(removal=removal).delete()
        removal.finish()
        return False
    return True


def imports_of(removal: Removal, groups: list[int]):
    return ContactImport.objects.filter(Q(group__in=groups) | Q(campaign__removal=removal))


def some_reported_rows(removal: Removal, groups: list[int]) -> int:
    """Delete some of what imports reported; how many rows."""
    imports = list(imports_of(removal, groups).values_list("pk", flat=True))
    return ReportedRow.objects.filter(contact_import__in=imports).remove_some(STEP_ROWS)


def an_import(removal: Removal, groups: list[int]) -> bool:
    """Delete an import with its file; False where there is none any more."""
    imports = imports_of(removal, groups)
    imports.cancel()  # one that came at the very moment may be waiting
    for contact_import in imports[:1]:
        contact_import.remove()
        return True
    return False


def some_counts(groups: list[int]) -> int:
    """Delete some of what is kept of when contacts were scheduled; how many rows."""
    return ScheduledCount.objects.filter(group__in=groups).remove_some(STEP_ROWS)


def groups_of(removal: Removal) -> list[int]:
    """The ids of the groups to remove. One that was added to the campaign at the very moment it
    went out of sight follows here."""
    rows = Group.everything.filter(Q(removal=removal) | Q(campaign__removal=removal))
    found = dict(rows.order_by("pk").values_list("pk", "removal"))
    if strays := [group for group, own in found.items() if own is None]:
        Group.everything.filter(pk__in=strays).update(removal=removal)
    return list(found)


def remove_empty(group: int):
    """Delete it, unless a contact has come by whoever read the group before it was removed."""
    # Locked, so that none comes from here on: it would go without what is kept beside it.
    row = Group.everything.select_for_update().get(pk=group)
    if not Contact.objects.filter(group=group).exists():
        row.delete()


def some_contacts(groups: list[int]) -> list[int]:
    """The ids of some contacts of these groups, locked in order.

    Not the first ones by id: to find them, MySQL would sort all that are left, in every step.
    """
    for group in groups:
        some = Contact.objects.filter(group=group).order_by()[:STEP_CONTACTS]
        ids = list(some.values_list("pk", flat=True))
        locked = Contact.objects.select_for_update().filter(pk__in=ids).order_by("pk")
        if ids := list(locked.values_list("pk", flat=True)):
            return ids
    return []


def remove_some(contacts: list[int]) -> tuple[int, int]:
    """Of these locked contacts, as many as a step may take. (contacts, openings) removed."""
    weighed = [keeper.weigh(contacts) for keeper in keepers()]
    weights = [sum(rows.get(pk, 0) for rows in weighed) for pk in contacts]
    number = sum(total <= STEP_ROWS for total in accumulate(weights))
    if not number:  # the first one alone has too much for one step
        return 0, sum(keeper.lighten(contacts[0], STEP_ROWS) for keeper in keepers())
    changes = ContactChanges()
    Contact.objects.filter(pk__in=contacts[:number]).remove_locked(changes)
    changes.settle()
    return number, sum(weights[:number])
