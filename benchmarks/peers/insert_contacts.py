"""What somebody would write by hand to get a CSV of contacts into the tables, as fast as it goes:
no reports, no resuming, no second look at anything. The measure for contact imports.

    python -m benchmarks.peers.insert_contacts FILE.csv GROUP_ID PIXELS

into the database that MYSQL_HOST and its like name, or else into the SQLite file in PIXEL_VAR_DIR.
Prints, as JSON, how many seconds it took (its own start aside) and which lines it left out.
"""

import csv
import json
import os
import sqlite3
import sys
import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from uuid import uuid4

ROWS = 500  # of one transaction: as many as would come twice, or be lost, if it were killed
CONTACTS = (
    "INSERT INTO campaigns_contact (group_id, email, email_key, name, external_id, scheduled_at,"
    " extra, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
NUMBERED = (
    "INSERT INTO campaigns_contact (id, group_id, email, email_key, name, external_id,"
    " scheduled_at, extra, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
PIXELS = "INSERT INTO campaigns_pixel (contact_id, number, uuid) VALUES (%s, %s, %s)"


class MySQL:
    def __init__(self):
        import MySQLdb  # noqa: PLC0415 # where there is none, SQLite is measured

        self.connection = MySQLdb.connect(
            host=os.environ["MYSQL_HOST"],
            port=int(os.environ["MYSQL_PORT"]),
            user=os.environ["MYSQL_USER"],
            password=os.environ["MYSQL_PASSWORD"],
            database=os.environ["MYSQL_DATABASE"],
            charset="utf8mb4",
        )
        self.cursor = self.connection.cursor()

    def insert(self, contacts: list[tuple], numbers: range):
        self.cursor.executemany(CONTACTS, contacts)
        self.cursor.execute(
            "SELECT id FROM campaigns_contact WHERE group_id = %s AND email_key IN %s",
            (contacts[0][0], [contact[2] for contact in contacts]),
        )
        ids = [pk for (pk,) in self.cursor.fetchall()]
        pixels = [(pk, number, uuid4().hex) for pk in ids for number in numbers]
        self.cursor.executemany(PIXELS, pixels)
        self.connection.commit()


class SQLite:
    def __init__(self):
        path = Path(os.environ["PIXEL_VAR_DIR"], "pixeltrack.sqlite3")
        self.connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self.connection.execute(f"PRAGMA {pragma}")

    def insert(self, contacts: list[tuple], numbers: range):
        execute, many = self.connection.execute, self.connection.executemany
        execute("BEGIN IMMEDIATE")
        [(last,)] = execute("SELECT COALESCE(MAX(id), 0) FROM campaigns_contact")
        ids = range(last + 1, last + 1 + len(contacts))
        many(NUMBERED, [(pk, *contact) for pk, contact in zip(ids, contacts, strict=True)])
        pixels = [(pk, number, uuid4().hex) for pk in ids for number in numbers]
        many(PIXELS.replace("%s", "?"), pixels)
        execute("COMMIT")


def contacts_in(rows, group: int, bad: list[int]):
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
    for line, (email, name, external_id, scheduled_at, _) in enumerate(rows, 2):
        email = email.strip()
        if "@" not in email:
            bad.append(line)
            continue
        moment = datetime.fromisoformat(scheduled_at).astimezone(UTC).replace(tzinfo=None)
        moment = moment.isoformat(" ")
        yield group, email, email.lower(), name, external_id, moment, "{}", now


def main(path: str, group: str, pixels: str):
    database = MySQL() if os.environ.get("MYSQL_HOST") else SQLite()
    began, bad, numbers = time.perf_counter(), [], range(1, int(pixels) + 1)
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        contacts = contacts_in(rows, int(group), bad)
        while some := list(islice(contacts, ROWS)):
            database.insert(some, numbers)
    print(json.dumps({"seconds": time.perf_counter() - began, "bad": bad}))


if __name__ == "__main__":
    main(*sys.argv[1:])
