"""Data that ages: a file that ships, and one that an operator put in its place, which running
processes take up without a restart."""

import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.conf import settings

logger = logging.getLogger(__name__)

PACKAGED = Path(__file__).parent / "data"


def folder() -> Path:
    """Where an operator's files are: of this host, as `var/` is."""
    return settings.VAR_DIR / "verdict_data"


class Unfit(ValueError):
    """A file is of no use; the text says where, what is wrong, and what to do."""

    def __init__(self, problem: str, line: int | None = None):
        super().__init__(f"Line {line}: {problem}" if line else problem)


class DataFile:
    """`read` makes the value from the lines of the file, or raises Unfit. `without` is the value
    where no file is installed and none ships; `taken_up` is called when there is another value."""

    def __init__(
        self,
        name: str,
        read: Callable[[Iterable[str]], Any],
        without=None,
        taken_up: Callable[[], None] = lambda: None,
    ):
        self.name, self.read = name, read
        self._without, self._taken_up = without, taken_up
        self._value = None
        self._seen: tuple | None = None  # the installed file that was looked at last
        self.problem: Exception | None = None  # why it is refused
        self._lock = threading.Lock()

    @property
    def installed(self) -> Path:
        return folder() / self.name

    @property
    def value(self):
        if self._value is None:
            self.refresh()
        return self._value

    def refresh(self):
        """Look whether another file is installed, and take it up. One that is of no use is
        refused once, and what was in force goes on."""
        with self._lock:
            seen = signature_of(self.installed)
            if self._value is not None and seen == self._seen:
                return
            self._seen, self.problem = seen, None
            value = self._read_installed() if seen else None
            if value is None and (seen is None or self._value is None):
                value = self._read_packaged()
            if value is not None:
                self._value = value
                self._taken_up()

    def forget(self):
        """As before it was read for the first time."""
        with self._lock:
            self._value = self._seen = None

    def _read_installed(self):
        try:
            return self.read_from(self.installed)
        except Exception as problem:  # whatever garbage can do to the reading
            self.problem = problem
            instead = "what ships is" if self._value is None else "what was in force stays"
            logger.error("%s is refused; %s in force. %s", self.installed, instead, problem)
            return None

    def _read_packaged(self):
        return self.read_from(PACKAGED / self.name) if self._without is None else self._without

    def read_from(self, path: Path, watched=lambda lines: lines):
        """The value that this file would have; Unfit. `watched` wraps the iterator over its
        lines, for a progress bar."""
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                return self.read(watched(file))
        except UnicodeDecodeError:
            raise Unfit("It is not in UTF-8. Save it so.") from None
        except OSError as error:
            raise Unfit(f"It can't be read: {error.strerror}.") from None

    def install(self, copy: Path):
        """Put a file of the same folder in place, at once; see `staged`."""
        copy.replace(self.installed)
        descriptor = os.open(folder(), os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def signature_of(path: Path) -> tuple | None:
    """What changes with the file; None where there is none."""
    with suppress(OSError):
        found = path.stat()
        return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
    return None


@contextmanager
def staged(source: Path) -> Iterator[Path]:
    """A copy in the folder of the installed files, on the disk: what is checked there is what is
    installed. It goes unless it was."""
    folder().mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=folder(), prefix=".", delete=False) as copy:
        staged_at = Path(copy.name)
        try:
            with source.open("rb") as file:
                shutil.copyfileobj(file, copy)
            copy.flush()
            os.fsync(copy.fileno())
            staged_at.chmod(0o644)  # the servers may run as another user
            yield staged_at
        finally:
            staged_at.unlink(missing_ok=True)
