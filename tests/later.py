"""gunicorn's settings, with a wall clock that is MINUTES_ON ahead.

libfaketime would do for any program, but its timed waits fail or hang under Python (0.9.10:
sleep with EINVAL, locks for the whole difference). time-machine leaves the monotonic clock be.
"""

import os
import time
from datetime import timedelta

import time_machine

from pixeltrack import gunicorn as ours
from pixeltrack.gunicorn import *  # noqa: F403 - gunicorn takes every name as a setting


def post_fork(server, worker):
    ours.post_fork(server, worker)
    set_clock(timedelta(minutes=int(os.environ["MINUTES_ON"])))


def set_clock(ahead: timedelta):
    """`ahead` or microseconds more, never less. Its clock starts when it is first asked, which on a
    busy machine is long after the travel was booked: what was lost by then is made up for."""
    clock = time_machine.travel(ahead, tick=True).start()
    theirs = time.time_ns()
    lead = timedelta(microseconds=(theirs - time_machine.escape_hatch.time.time_ns()) // 1000)
    clock.shift(ahead - lead)
