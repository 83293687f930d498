"""Which addresses a file has had so far, in bounded memory."""

import sqlite3
from dataclasses import dataclass
from hashlib import blake2b

ASKED_AT_ONCE = 500  # a statement takes only so many values


@dataclass(frozen=True, slots=True)
class Sighting:
    line: int
    group: str


class SeenAddresses:
    """The addresses of a file, each with its group and line, in a file of its own that SQLite
    deletes: a million of them would not stay within bounds in memory.

    It knows one run only. Whoever goes on with a file reads the part before anew.
    """

    def __init__(self):
        self._newest: dict[int, tuple[bytes, str]] = {}  # line → address and group
        self._rows = sqlite3.connect("", isolation_level=None)
        self._rows.executescript(
            """
            PRAGMA journal_mode = OFF;
            PRAGMA synchronous = OFF;
            PRAGMA cache_size = -16384;
            CREATE TABLE seen (address BLOB, "group" TEXT, line INTEGER,
                               PRIMARY KEY (address, "group")) WITHOUT ROWID;
            """
        )

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._rows.close()

    def add(self, rows: list[tuple[str, str, int]]) -> list[list[Sighting]]:
        """Note the address (its key), group (its key) and line of each of these rows, in their
        order. Where each address was seen before: in this group, at one line, or in others.

        Many at a time: to ask for each takes several times as long.
        """
        digests = [self._digest(address) for address, _, _ in rows]
        known, new, before = self._sightings(digests), [], []
        for digest, (_, group, line) in zip(digests, rows, strict=True):
            seen = known.setdefault(digest, [])
            own = [sighting for sighting in seen if sighting.group == group]
            before.append(own or list(seen))
            if not own:
                seen.append(Sighting(line, group))
                new.append((digest, group, line))
        self._newest = {line: (digest, group) for digest, group, line in new}
        self._rows.execute("BEGIN")
        self._rows.executemany("INSERT INTO seen VALUES (?, ?, ?)", new)
        self._rows.execute("COMMIT")
        return before

    def forget_lines(self, lines: set[int]):
        """Of the rows that were added last, those of these lines were not taken in."""
        places = [self._newest[line] for line in lines & self._newest.keys()]
        self._rows.executemany('DELETE FROM seen WHERE address = ? AND "group" = ?', places)

    @staticmethod
    def _digest(address: str) -> bytes:
        return blake2b(address.encode(errors="replace"), digest_size=16).digest()

    def _sightings(self, digests: list[bytes]) -> dict[bytes, list[Sighting]]:
        """By address, in the order of their lines."""
        found: dict[bytes, list[Sighting]] = {}
        for start in range(0, len(digests), ASKED_AT_ONCE):
            some = digests[start : start + ASKED_AT_ONCE]
            marks = ", ".join("?" * len(some))
            query = 'SELECT address, line, "group" FROM seen WHERE address IN'
            rows = self._rows.execute(f"{query} ({marks}) ORDER BY line", some)
            for digest, line, group in rows:
                found.setdefault(digest, []).append(Sighting(line, group))
        return found
