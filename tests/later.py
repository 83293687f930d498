"""gunicorn's settings, with a wall clock that is MINUTES_ON ahead.

libfaketime would do for any program, but its timed waits fail or hang under Python (0.9.10:
sleep with EINVAL, locks for the whole difference). time-machine leaves the monotonic clock be.
"""

import os
from datetime import timedelta

import time_machine

from pixeltrack import gunicorn as ours
from pixeltrack.gunicorn import *  # noqa: F403 - gunicorn takes every name as a setting


def post_fork(server, worker):
    ours.post_fork(server, worker)
    ahead = timedelta(minutes=int(os.environ["MINUTES_ON"]))
    time_machine.travel(ahead, tick=True).start()
