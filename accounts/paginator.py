from django.core.paginator import Paginator
from django.utils.functional import cached_property


def rows_between(rows, start: int, stop: int):
    """`rows[start:stop]`, by the way of rows that know a better one."""
    return rows.between(start, stop) if hasattr(rows, "between") else rows[start:stop]


class BoundedPaginator(Paginator):
    """For tables that grow to millions of rows: counts `MOST` of them and no more.

    The pages after that are reached by searching or filtering. `more` says that there are some.
    """

    MOST = 5_000  # fifty pages, further than anybody turns them

    @cached_property
    def _seen(self) -> int:
        most = self.MOST + 1
        if hasattr(self.object_list, "count_up_to"):
            return self.object_list.count_up_to(most)
        return self.object_list.order_by()[:most].count()

    @cached_property
    def count(self) -> int:
        return min(self._seen, self.MOST)

    @property
    def more(self) -> bool:
        return self._seen > self.MOST

    def page(self, number):
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        stop = min(start + self.per_page, self.count)
        return self._get_page(rows_between(self.object_list, start, stop), number, self)
