import threading
import time
from collections.abc import Callable


class Breaker:
    """Leaves a store that fails alone for a while, so that its time-outs cost few requests.

    It opens at the first failure. After `rest` seconds one caller may try again, and what
    becomes of that decides for the others. `tell(is_open)` is called when it opens and closes, and
    when nobody has met a failure for QUIET_S: a store that is back would be told as failing for
    ever by a process that has no need to ask it again.
    """

    QUIET_S = 30.0

    def __init__(self, rest: float = 1.0, tell: Callable[[bool], None] = lambda is_open: None):
        self._rest, self._tell = rest, tell
        self._changing = threading.Lock()  # else two threads might tell in the wrong order
        self._try_at: float | None = None  # monotonic; None while the store answers
        self._failed_at = 0.0  # monotonic
        self._is_told = False  # as open, with a thread that takes it back

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
            self._failed_at = time.monotonic()
            self._try_at = self._failed_at + self._rest
            self._tell(True)
            if not self._is_told:
                self._is_told = True
                self._take_back_after(self.QUIET_S)

    def _take_back_after(self, seconds: float):
        timer = threading.Timer(seconds, self._take_back)
        timer.daemon = True
        timer.start()

    def _take_back(self):
        with self._changing:
            quiet = time.monotonic() - self._failed_at
            if quiet < self.QUIET_S:
                self._take_back_after(self.QUIET_S - quiet)
                return
            self._is_told = False
            self._tell(False)
