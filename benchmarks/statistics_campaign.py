"""Made-up campaigns with as many openings as one likes: written by the database itself, and counted
by the project's own command."""

import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import MySQLdb
from tqdm import tqdm

from benchmarks.statistics_rows import (
    BESIDE,
    CLASSES,
    GROUPS,
    OPENINGS,
    PIXELS,
    SLOTS,
    STEPS,
    TABLES,
    VISITS,
)
from tests.stack import ROOT, Stack

WEEK = 7  # days that contacts are scheduled for, in quarters of an hour
YEAR = 365  # the same of a long campaign, by the minute
DAYS = 23  # from the last of them up to today
FIRST_DAY = "2000-01-01"
AT_ONCE = 2_500  # dozens of contacts in a transaction


@dataclass
class Made:
    """A campaign, and how many seconds it took to make."""

    pk: int
    groups: list[int]
    begin: datetime
    contacts: int
    openings: int
    days: int = WEEK
    took: dict[str, float] = field(default_factory=dict)


class Database:
    """The stack's, by SQL."""

    def __init__(self, stack: Stack):
        options = stack.environment
        self.connection = MySQLdb.connect(
            host=options["MYSQL_HOST"],
            port=int(options["MYSQL_PORT"]),
            user=options["MYSQL_USER"],
            password=options["MYSQL_PASSWORD"],
            database=options["MYSQL_DATABASE"],
            charset="utf8mb4",
            autocommit=True,
        )

    def run(self, statement: str, parameters: dict | None = None) -> list[tuple]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())

    def close(self):
        self.connection.close()


def used_ids(database: Database) -> int:
    """Below which no contact's id is free, nor the ids of its pixels, which follow from it."""
    [(contacts,)] = database.run("SELECT COALESCE(MAX(id), 0) FROM campaigns_contact")
    [(pixels,)] = database.run("SELECT COALESCE(MAX(id), 0) FROM campaigns_pixel")
    return max(contacts, -(-pixels // PIXELS))


class Maker:
    """Makes campaigns on a stack."""

    def __init__(self, stack: Stack, database: Database):
        self.stack, self.database = stack, database
        self.contacts = used_ids(database)
        for statement in filter(str.strip, TABLES.split(";")):
            database.run(statement)
        for number, visits in VISITS.items():
            for visit, pixels in enumerate(visits, 1):
                for pixel in pixels:
                    row = (number, visit, pixel, pixel == pixels[0])
                    database.run("INSERT INTO bench_visit VALUES (%s, %s, %s, %s)", row)
        for slot, reader in enumerate(slots(stack)):
            database.run("INSERT INTO bench_reader VALUES (%s, %s, %s, %s, %s)", (slot, *reader))

    def make(self, openings: int, days: int = WEEK) -> Made:
        """As many openings, or up to forty more, of contacts scheduled for so many days."""
        dozens = -(-openings // OPENINGS)
        pk, groups = self.stack.shell(f"""
from accounts.models import Team
from campaigns.models import Campaign
campaign = Campaign.objects.start(
    team=Team.objects.first(), name="{openings:,} openings in {days} days", group_names={GROUPS},
    pixels_per_contact={PIXELS},
)
answer = campaign.pk, list(campaign.groups.order_by("pk").values_list("pk", flat=True))
""")
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        begin = midnight - timedelta(days=days + DAYS)
        made = Made(pk, groups, begin, dozens * CLASSES, dozens * OPENINGS, days)
        with timed(made, "written"):
            self.write(made, dozens)
        with timed(made, "counted"):
            # What is known of contacts is written already; `drift` looks whether it is right.
            rebuild_counts(self.stack, made, "--resume", f"days/{groups[0]}/{FIRST_DAY}")
        return made

    def write(self, made: Made, dozens: int):
        known = {f"group{number}": group for number, group in enumerate(made.groups)}
        step = 15 if made.days == WEEK else 1
        known |= {"step": step, "steps": made.days * 24 * 60 // step}
        known |= {"contacts": self.contacts + 1, "begin": made.begin.replace(tzinfo=None)}
        # What they look for can't be wrong here, and takes most of the time.
        self.database.run("SET foreign_key_checks = 0, unique_checks = 0")
        with tqdm(total=made.openings, unit=" openings", unit_scale=True) as bar:
            for first in range(0, dozens, AT_ONCE):
                last = min(first + AT_ONCE, dozens)
                numbers = {"first": first * CLASSES, "last": last * CLASSES - 1}
                for step in STEPS:
                    self.database.run(step, known | numbers)
                bar.update((last - first) * OPENINGS)
        for step in BESIDE:
            self.database.run(step, known | {"groups": made.groups})
        self.contacts += made.contacts


def slots(stack: Stack) -> list[tuple]:
    """(User-Agent's id, network label, verdict, reason) of each slot of readers: those that the
    project simulates, as common as there, judged by its rules."""
    readers = stack.shell("""
from tracking.models import UserAgent
from tracking.rule_set import Evidence
from tracking.simulate import READERS
from tracking.verdict import RULES
texts = [reader.user_agent for reader in READERS]
UserAgent.objects.store(texts)
ids = UserAgent.objects.known(texts).ids
def told(reader):
    label = "apple-relay" if reader.user_agent == "Mozilla/5.0" else ""
    referer = reader.headers.get("Referer", "").removeprefix("http://").rstrip("/")
    judged = RULES.value.judge(Evidence(reader.user_agent, label, False, referer, None))
    return ids[reader.user_agent], label, judged.verdict, judged.reason
answer = [[reader.weight, *told(reader)] for reader in READERS]
""")
    whole, passed, found = sum(weight for weight, *_ in readers), 0, []
    for weight, *reader in readers:
        passed += weight
        found += [tuple(reader)] * (round(SLOTS * passed / whole) - len(found))
    return found


def rebuild_counts(stack: Stack, made: Made, *options: str) -> str:
    """What it says. Its progress bar is for whoever watches."""
    command = [sys.executable, "manage.py", "rebuild_counts", "--campaign", str(made.pk), *options]
    done = subprocess.run(
        command, env=stack.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stdout  # 1: something differs
    return done.stdout


def drift(stack: Stack, made: Made) -> list[int]:
    """How much of what is kept beside contacts is wrong; contacts of whose openings something else
    is known; the differences of counts."""
    wrong = stack.shell(
        f"from campaigns.recount import recount_contacts; answer = recount_contacts({made.pk})"
    )
    told = rebuild_counts(stack, made, "--check")
    numbers = re.findall(r": ([\d,]+)[.,]", told)
    return [wrong, *(int(number.replace(",", "")) for number in numbers)]


@contextmanager
def timed(made: Made, what: str):
    began = time.monotonic()
    yield
    made.took[what] = time.monotonic() - began
