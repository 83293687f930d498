"""The spool: hits on the local disk while neither Redis nor the database takes them.

Append-only files in `var/spool/`, one per writing process and second. A file is locked by its
writer as long as it is written; whoever gets the lock afterwards may replay it. One hit a line:

    crc32 of the rest, 8 hexadecimal digits | base64 of the event id and the packed hit
"""

import fcntl
import os
import shutil
import threading
import time
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import uuid4
from zlib import crc32

from django.conf import settings

ROTATE_S = 1.0
SUFFIX = ".spool"
EVENT_ID_BYTES = 16


def folder() -> Path:
    return settings.VAR_DIR / "spool"


def make_line(event_id: bytes, packed: bytes) -> bytes:
    body = b64encode(event_id + packed)
    return b"%08x %s\n" % (crc32(body), body)


def read_line(line: bytes) -> tuple[bytes, bytes]:
    """(event id, packed hit); ValueError where the line is torn or spoilt."""
    if not line.endswith(b"\n"):
        raise ValueError("torn")
    checksum, _, body = line[:-1].partition(b" ")
    if len(checksum) != 8 or int(checksum, 16) != crc32(body):
        raise ValueError("spoilt")
    content = b64decode(body, validate=True)
    return content[:EVENT_ID_BYTES], content[EVENT_ID_BYTES:]


def sync_folder(path: Path):
    """Make what was created or removed in a folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class SpoolWriter:
    """One process's end of the spool. `write` raises OSError where the disk takes nothing."""

    def __init__(self):
        self._descriptor: int | None = None
        self._size = 0
        self._rotate_at = 0.0
        self._lock = threading.Lock()

    def write(self, hits):
        """The hits are on the disk when this returns; where it raises, none of them is."""
        lines = b"".join(make_line(hit.event_id, hit.packed) for hit in hits)
        with self._lock:
            self._open()
            try:
                if os.write(self._descriptor, lines) != len(lines):
                    raise OSError("The disk took a part of the lines only.")
                os.fdatasync(self._descriptor)
            except OSError:
                self._undo()
                raise
            self._size += len(lines)

    def close(self):
        """Let the file go, to be replayed."""
        with self._lock:
            self._close()

    def _open(self):
        if self._descriptor is not None and time.monotonic() < self._rotate_at:
            return
        self._close()
        folder().mkdir(parents=True, exist_ok=True)
        descriptor = self._create()
        self._descriptor, self._size = descriptor, 0
        self._rotate_at = time.monotonic() + ROTATE_S
        # Where no other write comes to rotate it, the file must not stay locked.
        timer = threading.Timer(ROTATE_S, self._close_if_same, [descriptor])
        timer.daemon = True
        timer.start()

    def _create(self) -> int:
        while True:
            path = folder() / f"{uuid4()}{SUFFIX}"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                sync_folder(path.parent)
                return descriptor
            # A consumer had the lock before us, and has removed a file that was still empty.
            os.close(descriptor)

    def _undo(self):
        """A part of a line must not stand before the next one."""
        try:
            os.ftruncate(self._descriptor, self._size)
        finally:
            self._close()

    def _close_if_same(self, descriptor):
        with self._lock:
            if self._descriptor == descriptor and time.monotonic() >= self._rotate_at:
                self._close()

    def _close(self):
        if self._descriptor is not None:
            os.close(self._descriptor)  # and the lock goes with it
            self._descriptor = None


@dataclass(frozen=True)
class Batch:
    """Some lines of a spool file: what is in them, how many are unreadable, where they end."""

    packed: list[tuple[bytes, bytes]]
    unreadable: int
    end: int
    is_last: bool


class SpoolFile:
    """A spool file that nobody writes any more, locked for its replay."""

    def __init__(self, path: Path, file):
        self._path = path
        self._checkpoint = path.with_suffix(".done")
        self._file = file
        self._end = 0  # of what is replayed, where no checkpoint could be written

    @classmethod
    def lock(cls, path: Path) -> "SpoolFile | None":
        """None where it is being written or replayed by somebody else, or is gone."""
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        if not path.exists():  # replayed and removed between the two steps
            file.close()
            return None
        return cls(path, file)

    def next_batch(self, size: int) -> Batch:
        """Up to `size` lines after those that are replayed."""
        self._file.seek(max(self._replayed(), self._end))
        packed, unreadable = [], 0
        for line in islice(self._file, size):
            try:
                packed.append(read_line(line))
            except ValueError:
                unreadable += 1
        end = self._file.tell()
        return Batch(packed, unreadable, end, is_last=end >= os.fstat(self._file.fileno()).st_size)

    def _replayed(self) -> int:
        """To be told too little is safe: hits count once. A power cut may spoil what is written."""
        try:
            return int(self._checkpoint.read_bytes())
        except (FileNotFoundError, ValueError):
            return 0

    def replayed_to(self, end: int) -> bool:
        """All before this byte is in the database. Whether the disk has room to say so: a full
        one has not, and this very file may be what fills it."""
        self._end = end
        try:
            with open(self._checkpoint, "wb") as checkpoint:
                checkpoint.write(b"%d" % end)
                checkpoint.flush()
                os.fsync(checkpoint.fileno())
        except OSError:
            return False
        return True

    def remove(self):
        """It is in the database to its last line, and its checkpoint says so on the disk."""
        self._path.unlink()
        sync_folder(self._path.parent)
        self._checkpoint.unlink(missing_ok=True)
        self.release()

    def release(self):
        self._file.close()


def waiting_files() -> list[Path]:
    """Of whatever process of this host; some may still be written."""
    return sorted(folder().glob(f"*{SUFFIX}"))


def waiting_bytes() -> int:
    sizes = 0
    for path in waiting_files():
        with suppress(FileNotFoundError):  # replayed meanwhile
            sizes += path.stat().st_size
    return sizes


def free_bytes() -> int:
    """On the disk that the spool is on."""
    return shutil.disk_usage(settings.VAR_DIR).free


def disk_is_low() -> bool:
    """Near the point where not even the spool could take a hit."""
    return free_bytes() < settings.PIXEL_DISK_RESERVE_MB * 2**20
