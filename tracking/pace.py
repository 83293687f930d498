"""Work in the background that leaves time for the hits."""

import time
from collections.abc import Callable, Iterator


def paced(steps: Iterator[int], seconds: float, pause: Callable[[float], None]):
    """Take the steps for about so long. After each one comes a pause as long as the step: the rest
    of the time is for the hits."""
    begun = time.monotonic()
    deadline = begun + seconds
    for _ in steps:
        ended = time.monotonic()
        if ended >= deadline:
            return
        pause(ended - begun)
        begun = time.monotonic()
