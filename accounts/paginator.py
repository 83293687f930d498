from django.core.paginator import Paginator
from django.utils.functional import cached_property


class BoundedPaginator(Paginator):
    """For tables that grow to millions of rows: counts `MOST` of them and no more.

    The pages after that are reached by searching or filtering. `more` says that there are some.
    """

    MOST = 10_000

    @cached_property
    def _seen(self) -> int:
        return self.object_list.order_by()[: self.MOST + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._seen, self.MOST)

    @property
    def more(self) -> bool:
        return self._seen > self.MOST
