"""A list of what hangs on contacts, found by way of the contacts."""

from collections.abc import Iterator
from math import ceil

from django.db import models

from campaigns.models.scoped import GroupScopedQuerySet

AT_ONCE = 900  # contacts in a statement: of a thousand and more MariaDB makes a table first
DENSE = 4  # times as many contacts there may be in a range as are wanted of it


class ByContactQuerySet(GroupScopedQuerySet):
    """For a big table whose rows say of which contact they are, and only that one of which group.

    Given a join, MariaDB reads all contacts that may be seen, joins their rows and sorts them: two
    minutes for a page among six million. So `between` and `count_up_to` look up the newest contacts
    and then what hangs on them, for lists in `ORDER` that nothing but groups narrows down.
    """

    group_path = "contact__group"
    ORDER = ("-contact_id", "-number")

    _contacts = None  # of which the rows are; None where something else narrows them down as well
    _conditions = 0  # of the query, where groups alone narrow it down
    _found: list[int] | None = None  # primary keys of the first rows

    def _clone(self):
        clone = super()._clone()
        clone._contacts, clone._conditions = self._contacts, self._conditions
        return clone

    def in_sight(self):
        return self._of_contacts(super().in_sight().all(), lambda rows: rows.in_sight())

    def in_groups(self, groups):
        groups = frozenset(groups)
        return self._of_contacts(super().in_groups(groups), lambda rows: rows.in_groups(groups))

    def _of_contacts(self, narrowed, narrow):
        if self._has_other_conditions:
            narrowed._contacts = None
        else:
            contacts = self._contacts
            if contacts is None:
                contacts = self.model._meta.get_field("contact").related_model.objects.all()
            narrowed._contacts = narrow(contacts)
            narrowed._conditions = len(narrowed.query.where.children)
        return narrowed

    @property
    def _has_other_conditions(self) -> bool:
        return len(self.query.where.children) > self._conditions

    @property
    def _goes_by_contacts(self) -> bool:
        is_in_order = self.query.order_by[: len(self.ORDER)] == self.ORDER
        return self._contacts is not None and is_in_order and not self._has_other_conditions

    def between(self, start: int, stop: int) -> list:
        if not self._goes_by_contacts:
            return super().between(start, stop)
        return list(self.filter(pk__in=self._first(stop)[start:stop]))

    def count_up_to(self, most: int) -> int:
        return len(self._first(most)) if self._goes_by_contacts else super().count_up_to(most)

    def _first(self, most: int) -> list[int]:
        """The primary keys of so many rows, or of all. A page is counted first and then shown."""
        if self._found is None or len(self._found) < most:
            self._found = self._walk(most)
        return self._found[:most]

    def _walk(self, most: int) -> list[int]:
        contacts, rows = self._contacts.order_by("-pk"), self.model.objects.order_by(*self.ORDER)
        found, seen, wanted = [], 0, min(most, AT_ONCE)
        while wanted > 0:
            ids = contacts.ids_between(seen, seen + wanted)
            found += of_contacts(rows, ids)
            if len(ids) < wanted:
                break
            seen += wanted
            # As many as have the rest, if they have as much as those before.
            missing = max(most - len(found), 0)
            wanted = min(ceil(missing * seen / max(len(found), 1)), most)
        return found


def of_contacts(rows: models.QuerySet, contacts: list[int]) -> Iterator[int]:
    """The primary keys of the rows of these contacts, which descend as the rows do.

    Contacts that were imported together are next to each other: then a range of them is read, for
    a tenth of what it costs to look each one up.
    """
    if contacts and contacts[0] - contacts[-1] < DENSE * len(contacts):
        near, wanted = (
            rows.filter(contact__gte=contacts[-1], contact__lte=contacts[0]),
            set(contacts),
        )
        return (pk for pk, contact in near.values_list("pk", "contact") if contact in wanted)
    keys = rows.values_list("pk", flat=True)
    portions = (contacts[first : first + AT_ONCE] for first in range(0, len(contacts), AT_ONCE))
    return (pk for some in portions for pk in keys.filter(contact__in=some))
