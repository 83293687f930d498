"""Answers that are sent while they are read: a million rows in the memory of a few hundred."""

from collections.abc import Iterator

from asgiref.sync import sync_to_async
from django.db import close_old_connections, models
from django.http import StreamingHttpResponse

ROWS_AT_ONCE = 500


def walk(rows: models.QuerySet, moment: str) -> Iterator[list]:
    """The rows of one group in order of (moment, pk), some at a time, each in one or two queries.

    `moment` is the time that the group's rows are indexed by, so that the database goes on where
    the last rows ended. By the primary key alone, which no index has together with the group, it
    would read the whole group for each of these lists. A row whose time is changed meanwhile may
    be missed or come twice.
    """
    rows = rows.order_by(moment, "pk")
    some = list(rows[:ROWS_AT_ONCE])
    while some:
        yield some
        if len(some) < ROWS_AT_ONCE:
            return
        some = rows_after(rows, moment, some[-1])


def rows_after(rows, moment, last) -> list:
    # Two queries, each for one range of the index: a million rows may share one moment, and one
    # query for both (a > x or (a = x and b > y)) makes MySQL begin at the first of them.
    at = getattr(last, moment)
    some = list(rows.filter(**{moment: at, "pk__gt": last.pk})[:ROWS_AT_ONCE])
    if len(some) < ROWS_AT_ONCE:
        some += rows.filter(**{f"{moment}__gt": at})[: ROWS_AT_ONCE - len(some)]
    return some


class Stream(StreamingHttpResponse):
    """Sends the parts that an iterator gives, each as soon as the client has taken the last.

    Under ASGI, Django would run a plain iterator to its end before it sends the first part. This
    one asks for one part at a time, in the request's own thread, and stops when the client goes.
    An error breaks the connection off within the chunked transfer, so that what arrived can't
    pass for the whole.
    """

    async def __aiter__(self):
        parts = iter(self.streaming_content)
        while (part := await sync_to_async(next_part)(parts)) is not None:
            yield part


def next_part(parts: Iterator[bytes]) -> bytes | None:
    """The next part, or None at the end. A slow client keeps no database connection."""
    try:
        return next(parts, None)
    finally:
        close_old_connections()
