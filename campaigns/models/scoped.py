from collections.abc import Iterable

from django.db import models

from campaigns.models.campaign import Group
from campaigns.models.narrowing import Narrowing


class GroupScopedQuerySet(models.QuerySet):
    """For big tables whose rows belong to groups."""

    group_path = "group"  # from a row to its group
    _groups: frozenset[int] | None = None  # those that `in_groups` has narrowed it down to

    def _clone(self):
        clone = super()._clone()
        clone._groups = self._groups
        return clone

    def of(self, user):
        """The rows that the user may see: all for a superuser, else those of their teams. What
        is being removed is in nobody's sight.

        The user's groups are looked up first and named in the query. Where it joins them, MySQL
        begins with the groups, reads all that they hold and sorts it: 3.3 s for a page among
        200,000 openings, against 9 ms.
        """
        if user.is_superuser:
            return self.in_sight()
        return self.in_groups(Group.objects.of(user).values_list("pk", flat=True))

    def in_sight(self):
        """Without the rows of groups that are being removed; by their ids, too."""
        hidden = list(Group.everything.exclude(removal=None).values_list("pk", flat=True))
        return self.exclude(**{f"{self.group_path}__in": hidden}) if hidden else self

    def in_groups(self, groups: Iterable[int]):
        """The rows of these groups. `between` and `count_up_to` read each group's by its index."""
        named = frozenset(groups)
        narrowed = self.filter(**{f"{self.group_path}__in": sorted(named)})
        narrowed._groups = named if self._groups is None else self._groups & named
        return narrowed

    def between(self, start: int, stop: int) -> list:
        """What `[start:stop]` gives, for lists that are ordered by columns of the rows' own. The
        rows that it passes over are not read, nor sorted, but their keys."""
        return list(self.filter(pk__in=self.ids_between(start, stop)))

    def ids_between(self, start: int, stop: int) -> list[int]:
        """The primary keys of the same."""
        narrowing = self._narrowing(stop)
        if narrowing is None:
            return list(self.values_list("pk", flat=True)[start:stop])
        return narrowing.ids(start, stop)

    def count_up_to(self, most: int) -> int:
        narrowing = self._narrowing(most)
        return narrowing.count(most) if narrowing else self.order_by()[:most].count()

    def _narrowing(self, most: int) -> Narrowing | None:
        """Where merging is the better way to so many rows."""
        if self._groups is None or self.group_path != "group":
            return None
        narrowing = Narrowing(self, self._groups)
        return narrowing if narrowing.pays(most) else None
