"""gunicorn's settings, with workers whose wall clock follows the file LEDGER_CLOCK names.

The file holds by how many minutes the clock is off; beside it each worker says how it has set its
own. The monotonic clock stays as it is.
"""

import faulthandler
import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import time_machine

from pixeltrack import gunicorn as ours
from pixeltrack.gunicorn import *  # noqa: F403 - gunicorn takes every name as a setting

LOOK_EVERY_S = 0.02


class Clock:
    def __init__(self, wanted: Path):
        self.wanted = wanted
        self.said = wanted.with_suffix(f".{os.getpid()}")
        self.travelling = None
        self.minutes = "0"

    def follow(self):
        while True:
            self.set()
            time.sleep(LOOK_EVERY_S)

    def set(self):
        minutes = self.wanted.read_text()
        if minutes == self.minutes and self.said.exists():
            return
        if self.travelling:
            self.travelling.stop()
        self.travelling = time_machine.travel(timedelta(minutes=int(minutes)), tick=True)
        self.travelling.start()
        self.minutes = minutes
        self.said.write_text(minutes)


def post_fork(server, worker):
    ours.post_fork(server, worker)
    clock = Clock(Path(os.environ["LEDGER_CLOCK"]))
    clock.set()
    threading.Thread(target=clock.follow, daemon=True).start()


def post_worker_init(worker):
    faulthandler.enable()  # one that gunicorn gives up on says where it hangs
