"""A list of rows of some groups, merged from what each group holds.

Asked for the newest rows of some groups, the databases walk the primary key backwards past the
rows of all others: 16 s where ten million of those are newer. Of one group an index has them in
order, whatever others hold. So each group gives its first rows, and the first of those are the
list's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from django.core.exceptions import EmptyResultSet
from django.db import connections, models

ASKED_AT_ONCE = 50  # groups in one statement
MOST_ASKED = 300_000  # groups times rows of each; beyond it, merging is no better
MOST_GROUPS = 100  # each part names all of them, as the query does that is narrowed
ANY_GROUP = -(2**62)  # stands for each of them in turn; no group has this id


@dataclass(frozen=True)
class Narrowing:
    """The rows of a query that belong to these groups, by their column `group`."""

    rows: models.QuerySet
    groups: frozenset[int]

    def pays(self, most: int) -> bool:
        """Whether to merge, where each group gives up to `most`. One alone needs no merging."""
        return 1 < len(self.groups) <= min(MOST_GROUPS, MOST_ASKED // max(most, 1))

    def ids(self, start: int, stop: int) -> list[int]:
        """The primary keys at these places of the list, in its order, which must be one by columns
        of the rows' own."""
        order = self._order()
        found = [row for rows in self._ask("SELECT *", [*order], stop) for row in rows]
        for place, descends in reversed([*enumerate(order.values())]):
            found.sort(key=lambda row, place=place: row[place], reverse=descends)
        at = [*order].index(self._key)
        return [row[at] for row in found[start:stop]]

    def count(self, most: int) -> int:
        """How many there are, counted up to `most`."""
        counted = 0
        unordered = Narrowing(self.rows.order_by(), self.groups)
        for [[some]] in unordered._ask("SELECT COUNT(*)", [self._key], most):
            counted += some
            if counted >= most:
                return most
        return counted

    @property
    def _key(self) -> str:
        return self.rows.model._meta.pk.attname

    def _order(self) -> dict[str, bool]:
        """Column → whether it descends. The primary key is among them: no two rows are alike."""
        names = (*self.rows.query.order_by, self._key)
        order = {}
        for name in names:
            plain = name.lstrip("-")
            order.setdefault(self._key if plain == "pk" else plain, name.startswith("-"))
        return order

    def _ask(self, what: str, columns: list[str], most: int) -> Iterator[list[tuple]]:
        """The answers of one statement for each so many groups."""
        rows = self.rows.filter(group=ANY_GROUP).values_list(*columns)[:most]
        try:
            part, parameters = rows.query.get_compiler(self.rows.db).as_sql()
        except EmptyResultSet:  # other conditions leave nothing
            return
        place = parameters.index(ANY_GROUP)
        groups = sorted(self.groups)
        for start in range(0, len(groups), ASKED_AT_ONCE):
            asked = groups[start : start + ASKED_AT_ONCE]
            parts = (f"SELECT * FROM ({part}) part{n}" for n in range(len(asked)))  # nosec B608
            named = ((*parameters[:place], each, *parameters[place + 1 :]) for each in asked)
            with connections[self.rows.db].cursor() as cursor:
                union = " UNION ALL ".join(parts)
                statement = f"{what} FROM ({union}) listed"  # nosec B608 # Django's SQL
                cursor.execute(statement, list(chain.from_iterable(named)))
                yield cursor.fetchall()
