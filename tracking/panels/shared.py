"""Pages of figures that many look at: what is made for one is shown to the others.

While mails are opened nearly every look finds something new, and to make the page anew for each of
ten people would take half a core.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic

from django.http import HttpResponse

# How old what is shown may be. Whoever looks asks again a second after each answer (live.js), so
# that nobody is shown less than what he has seen already, by another process perhaps.
AGE_S = 1.0
PAGES = 64  # some 50 kB each


class SharedPage:
    def __init__(self):
        self.lock = Lock()
        self._begun, self._tag, self._content = -AGE_S, "", b""

    def newer_than(self, seen: str | None) -> HttpResponse | None:
        """For somebody who has seen the page with that ETag. None where this is it, or it is too
        old, and for those who have seen none: nothing says when they ask again."""
        seen = (seen or "").removeprefix("W/")  # which a proxy puts before it
        if not seen or seen == self._tag or monotonic() - self._begun >= AGE_S:
            return None
        return HttpResponse(self._content, headers={"ETag": self._tag})

    def keep(self, reply: HttpResponse, begun: float):
        """`begun`: when its figures were read, by the monotonic clock."""
        self._begun, self._tag, self._content = begun, reply["ETag"], reply.content


class SharedPages:
    """Of this process, the least looked at go first."""

    def __init__(self):
        self._pages: OrderedDict[Hashable, SharedPage] = OrderedDict()
        self._lock = Lock()

    @contextmanager
    def of(self, key: Hashable) -> Iterator[SharedPage]:
        """One at a time, so that who comes while it is being made gets what is made. The key is
        all that the page depends on, whom it is shown to included."""
        with self._lock:
            page = self._pages.setdefault(key, SharedPage())
            self._pages.move_to_end(key)
            if len(self._pages) > PAGES:
                self._pages.popitem(last=False)
        with page.lock:
            yield page

    def forget(self):
        with self._lock:
            self._pages.clear()
