import time

from tracking.metrics import HEARTBEAT

STALE_S = 60


class Heartbeat:
    """A process's sign of life, given by the loop that does its work and not by a thread beside it,
    which would go on while the loop hangs."""

    def __init__(self, process: str):
        self._process = process
        self._at = time.monotonic()  # that it has begun is a sign as well

    def beat(self):
        self._at = time.monotonic()  # a wall clock that is set would make it old, or young
        HEARTBEAT.labels(self._process).set_to_current_time()

    def is_alive(self) -> bool:
        return time.monotonic() - self._at <= STALE_S
