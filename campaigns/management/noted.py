"""Ctrl-C and SIGTERM, for commands that end in a state that they can be taken up from."""

import signal
from contextlib import contextmanager
from threading import Event

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Noted(Event):
    """That a signal came, and which."""

    number = 0

    def note(self, number, frame):
        if self.is_set():  # somebody is in a hurry
            raise KeyboardInterrupt
        self.number = number
        self.set()


@contextmanager
def signals_noted():
    """They end nothing in here but what asks for them."""
    noted = Noted()
    before = {number: signal.signal(number, noted.note) for number in SIGNALS}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
