import threading
import time
from collections.abc import Callable


class Breaker:
    """Leaves a store that fails alone for a while, so that its time-outs cost few requests.

    It opens at the first failure. After `rest` seconds one caller may try again, and what
    becomes of that decides for the others. `tell(is_open)` is called when it opens and closes.
    """

    def __init__(self, rest: float = 1.0, tell: Callable[[bool], None] = lambda is_open: None):
        self._rest, self._tell = rest, tell
        self._changing = threading.Lock()  # else two threads might tell in the wrong order
        self._try_at: float | None = None  # monotonic; None while the store answers

    @property
    def is_open(self) -> bool:
        return self._try_at is not None

    def allows(self) -> bool:
        """Whether this caller may ask the store."""
        if self._try_at is None:
            return True
        if time.monotonic() < self._try_at:
            return False
        self._try_at = time.monotonic() + self._rest  # the others wait for this one's word
        return True

    def succeeded(self):
        if self._try_at is None:
            return
        with self._changing:
            self._try_at = None
            self._tell(False)

    def failed(self):
        with self._changing:
            self._try_at = time.monotonic() + self._rest
            self._tell(True)
