"""Spool lines that a crash tore in two."""

import fcntl
from pathlib import Path
from uuid import uuid4

A_LINE = b"7a3f09c1 kL2rZcX5T0mXQ0ZJ7rT1b5cGk0dG9yb"  # the beginning of one, with no end


def tear(spool: Path) -> int:
    """Half a line more at the end of each file that nobody writes. How many."""
    torn = 0
    for path in spool.glob("*.spool"):
        try:
            with path.open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # An empty one may have a writer that is about to lock it.
                if path.exists() and path.stat().st_size:
                    file.write(A_LINE)
                    torn += 1
        except OSError:  # in use, or replayed meanwhile
            continue
    return torn


def leave_torn_file(spool: Path):
    """As of a web process that died in its first write."""
    spool.mkdir(exist_ok=True)
    whole = spool / f"{uuid4()}.part"
    whole.write_bytes(A_LINE)
    whole.rename(whole.with_suffix(".spool"))
