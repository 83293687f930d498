"""Long files of contacts with some bad rows, and what must have become of them."""

import random
from pathlib import Path

HEAD = "email,name,external_id,scheduled_at,city\n"
BAD = "this is no address"
PIXELS = 2  # each
SLOTS = [  # mails go out every quarter of an hour, for a week
    f"2027-03-{day:02}T{hour:02}:{minute:02}:00+01:00"
    for day in range(1, 8)
    for hour in range(24)
    for minute in range(0, 60, 15)
]


def address_of(row: int) -> str:
    return f"contact-{row}@example.com"


class ContactList:
    """`rows` rows, one of each `bad_every` of them bad, at a place of the seed's choice."""

    def __init__(self, rows: int, bad_every: int, seed=1):
        self.rows = rows
        dice = random.Random(f"contacts {seed}")
        firsts = range(1, rows + 1, bad_every)
        self.bad = [dice.randrange(first, min(first + bad_every, rows + 1)) for first in firsts]

    def write(self, path: Path) -> Path:
        bad = set(self.bad)
        with path.open("w") as file:
            file.write(HEAD)
            for row in range(1, self.rows + 1):
                email = BAD if row in bad else address_of(row)
                moment = SLOTS[row % len(SLOTS)]
                file.write(f"{email},Contact Number {row},crm-{row},{moment},\n")
        return path

    def outcome(self) -> dict:
        """What `import_state.state_of` must say at the end."""
        good = self.rows - len(self.bad)
        return {
            "state": "done",
            "rows": self.rows,
            "created": good,
            "updated": 0,
            "unchanged": 0,
            "rejected": len(self.bad),
            "contacts": good,
            "pixels": [good] * PIXELS,
            "wrong": [],
            "reported": [row + 1 for row in self.bad],  # the first line is the head
        }
