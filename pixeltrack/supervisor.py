"""Runs processes together: they start in order, end together, and stop in the opposite order.

honcho reads the Procfile and prints the lines. Its own manager would start and stop all at
once, and not notice a process that ends while a child of it lives on.
"""

import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable

from honcho.manager import Manager
from honcho.process import Process

from pixeltrack.processes import end_with_parent

PATIENCE = 20  # seconds for each step of the stop; what lasts longer is killed
TICK = 0.1
ASKS_TO_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopAsked(Exception):
    """Ctrl-C, or a signal that means the same."""


class Ended(Exception):
    """A process ended that should have gone on."""

    def __init__(self, name: str, status: int):
        self.name, self.status = name, status

    def __str__(self):
        killed_by = f" ({signal.Signals(-self.status).name})" if self.status < 0 else ""
        return f"`{self.name}` ended with status {self.status}{killed_by}"


class Child(Process):
    """A process in a session of its own, so that the terminal's Ctrl-C reaches only us."""

    _asked = False

    def start(self, events):
        self._events = events
        self._child = self._child_ctor(
            f"exec {self.cmd}",  # no shell in between that would take the signals
            env=self.env,
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            preexec_fn=end_with_parent,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._child.stdout:
            self._send_message(line)

    def read_to_the_end(self):
        self._reader.join(timeout=1)  # something else may hold the pipe open

    @property
    def status(self) -> int | None:
        return self._child.poll()

    @property
    def leaves_nothing(self) -> bool:
        """It has ended, and so has all that it started (gunicorn's workers may outlive it)."""
        return self.status is not None and not self._signal_all(0)

    def ask_to_stop(self):
        """The process itself, once: it tells its own children, in its order. Then what it left."""
        if self.status is not None:
            self._signal_all(signal.SIGTERM)
        elif not self._asked:
            self._asked = True
            self._child.terminate()

    def kill(self):
        self._signal_all(signal.SIGKILL)
        self._child.wait()

    def _signal_all(self, signum) -> bool:
        try:
            os.killpg(self._child.pid, signum)
        except (ProcessLookupError, PermissionError):
            return False
        return True


class Supervisor(Manager):
    """`with Supervisor() as supervisor:` stops on leaving what was started inside."""

    def __init__(self):
        super().__init__()
        self.events = queue.Queue()
        self._process_ctor = Child
        self._steps: list[list[Child]] = []
        self._signals: list[int] = []

    def __enter__(self):
        for signum in ASKS_TO_STOP:
            signal.signal(signum, lambda signum, frame: self._signals.append(signum))
        return self

    def __exit__(self, *exception):
        hurry_at = self._signals.count(signal.SIGINT) + 1  # a second Ctrl-C
        for step in reversed(self._steps):
            self._stop(step, hurry_at)

    def start(self, names: Iterable[str], *, outlive_last: bool = False):
        """Start these together, after those before; they are stopped before those, too, or
        else after those that were started last."""
        step = []
        self._steps.insert(len(self._steps) - outlive_last, step)
        for name in names:
            child = self._processes[name]["obj"]
            child.start(self.events)
            step.append(child)

    def wait(
        self, until: Callable[[], bool] = lambda: False, seconds: float = float("inf")
    ) -> bool:
        """Print what the processes say until `until()` holds; False when the time is over.

        Raises StopAsked or Ended, whichever comes first.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._print_lines(TICK)
            if self._signals:
                raise StopAsked
            for step in self._steps:  # what others stand on is blamed before them
                for child in step:
                    if child.status is not None:
                        child.read_to_the_end()
                        self._print_lines()
                        raise Ended(child.name, child.status)
            if until():
                return True
        return False

    def _stop(self, step: list[Child], hurry_at: int):
        deadline = time.monotonic() + PATIENCE
        while left := [child for child in step if not child.leaves_nothing]:
            for child in left:
                child.ask_to_stop()
            self._print_lines(TICK)
            if time.monotonic() > deadline or self._signals.count(signal.SIGINT) >= hurry_at:
                break
        for child in left:
            self._system_print(f"{child.name} did not end in time and is killed\n")
            child.kill()
        for child in step:
            child.read_to_the_end()
        self._print_lines()

    def _print_lines(self, seconds: float = 0):
        """Print the lines that are there, waiting so long for a first one."""
        for _ in range(max(1, self.events.qsize())):
            try:
                message = self.events.get(timeout=seconds) if seconds else self.events.get_nowait()
            except queue.Empty:
                return
            if message.type == "line":
                self._printer.write(message)
