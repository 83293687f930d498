"""Which addresses a file has had so far, in bounded memory."""

import sqlite3
from dataclasses import dataclass
from hashlib import blake2b


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

    def add(self, address: str, group: str, line: int) -> list[Sighting]:
        """Note an address (its key) of a group (its key). Where it was seen before: in this
        group, at one line, or in others."""
        digest = blake2b(address.encode(errors="replace"), digest_size=16).digest()
        added = self._rows.execute(
            "INSERT INTO seen VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (digest, group, line)
        )
        query = 'SELECT line, "group" FROM seen WHERE address = ? ORDER BY line'
        found = [Sighting(*row) for row in self._rows.execute(query, (digest,))]
        if added.rowcount:
            return [seen for seen in found if seen.group != group]
        return [seen for seen in found if seen.group == group]
