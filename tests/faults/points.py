"""Named points in the code of the processes under test. A file of its name arms one, once."""

import os
import signal
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.services import wait_until

FOLDER = "FAULT_POINTS"  # the environment variable that names the folder to the processes


class Points:
    def __init__(self, folder: str | Path):
        self.folder = Path(folder)

    # -- In the tests ----------------------------------------------------------------------------
    def arm(self, name: str, text=""):
        (self.folder / f"{name}.new").write_text(text)
        (self.folder / f"{name}.new").rename(self.folder / name)

    def disarm(self, name: str):
        (self.folder / name).unlink(missing_ok=True)

    def clear(self):
        for path in self.folder.iterdir():
            path.unlink(missing_ok=True)

    @contextmanager
    def held(self, *names: str):
        """Each process stays at its point, once it gets there, until this ends."""
        for name in names:
            self.arm(name)
        try:
            yield
        finally:
            for name in names:
                self.disarm(name)
            for name in names:
                self.wait_until(lambda name=name: not self.is_reached(name), f"{name} goes on")

    def is_reached(self, name: str) -> bool:
        return (self.folder / f"{name}.reached").exists()

    def wait_until_reached(self, *names: str):
        for name in names:
            self.wait_until(lambda name=name: self.is_reached(name), f"{name} is reached")

    def wait_until(self, condition, what: str):
        wait_until(condition, what=what)

    def noted(self, name: str) -> list[str]:
        """What the processes have written under this name."""
        path = self.folder / f"{name}.notes"
        return path.read_text().splitlines() if path.exists() else []

    # -- In the processes under test -------------------------------------------------------------
    def text(self, name: str) -> str | None:
        """What the point was armed with; None where it is not armed."""
        try:
            return (self.folder / name).read_text()
        except FileNotFoundError:
            return None

    def note(self, name: str, line: object = ""):
        with (self.folder / f"{name}.notes").open("a") as notes:
            notes.write(f"{line}\n")

    def die_at(self, name: str):
        """As by `kill -9`, if the point is armed: nothing of this process runs after it."""
        with suppress(FileNotFoundError):
            (self.folder / name).unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    def stay_at(self, name: str):
        if self.text(name) is None:
            return
        reached = self.folder / f"{name}.reached"
        reached.touch()
        while self.text(name) is not None:
            time.sleep(0.01)
        reached.unlink(missing_ok=True)
