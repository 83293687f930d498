"""Made-up campaigns with as many openings as one likes: written by the database itself, and counted
by the project's own command.

Everything follows from the number of a contact, so that two runs make the same campaigns. Of twelve
contacts eight have opened, forty times in all.
"""

import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import MySQLdb
from tqdm import tqdm

from tests.stack import ROOT, Stack

CLASSES = 12  # of contacts
# Class of contacts → their visits, each with the numbers of the pixels that it fetches.
VISITS = {
    4: ["1"],
    5: ["1", "1", "1"],
    6: ["12"],
    7: ["2", "2", "2", "2"],
    8: ["12", "12", "12"],
    9: ["12", "12", "12", "12"],
    10: ["12", "12", "12", "12"],
    11: ["12", "12", "12", "12"],
}
OPENINGS = sum(len(pixels) for visits in VISITS.values() for pixels in visits)  # of a dozen
PIXELS = 2
GROUPS = ("Control", "Another subject", "Another hour")
SLOTS = 1_000  # of the readers, by their shares
SHARED = 50  # addresses that two groups have, whatever the size
DAYS = 30
FIRST_DAY = "2000-01-01"
AT_ONCE = 10_000  # dozens of contacts in a transaction

# A number from 0 to 1 that follows from `what` and the contact's.
DICE = "CRC32(CONCAT('{what}/', n)) / 4294967296"
# Half of the contacts that have opened did so within an hour, the last of them after nine days;
# later visits come at least an hour after the ones before them.
FIRST_VISIT = f"POW(10, 0.9 + 5 * {DICE.format(what='first')})"
LATER_VISIT = f"3600 + POW(10, 2 + 3.5 * {DICE})"
UUID = "INSERT(INSERT(MD5(CONCAT({what})), 13, 1, '4'), 17, 1, '8')"  # with a version's bits

TABLES = """
CREATE TABLE bench_visit (class INT, visit INT, pixel INT, begins INT, INDEX (class));
CREATE TABLE bench_reader (slot INT PRIMARY KEY, user_agent INT, label VARCHAR(32),
    verdict VARCHAR(7), reason VARCHAR(32));
CREATE TABLE bench_contact (n INT PRIMARY KEY, class INT, group_id INT, email VARCHAR(64),
    scheduled_at DATETIME(6), first_s DOUBLE, second_s DOUBLE, third_s DOUBLE, fourth_s DOUBLE);
"""
# In this order, each for some dozens of contacts. %(…)s are numbers and the campaign's begin.
STEPS = [
    "TRUNCATE bench_contact",
    f"""
INSERT INTO bench_contact
SELECT n, class, group_id, CONCAT('contact-', email, '@example.com'),
    %(begin)s + INTERVAL (15 * FLOOR(672 * {DICE.format(what="scheduled")})) MINUTE
        + INTERVAL IF(n MOD {2 * CLASSES} = 0, 5, 0) WEEK,
    first_s, first_s + second_s, first_s + second_s + third_s,
    first_s + second_s + third_s + fourth_s
FROM (
    SELECT n, n MOD {CLASSES} AS class,
        ELT(arm + 1, %(group0)s, %(group1)s, %(group2)s) AS group_id,
        IF(arm = 1 AND n MOD {CLASSES} = 5 AND n < {SHARED * CLASSES * len(GROUPS)},
            n - {CLASSES}, n) AS email,
        {FIRST_VISIT} AS first_s,
        {LATER_VISIT.format(what="second")} AS second_s,
        {LATER_VISIT.format(what="third")} AS third_s,
        {LATER_VISIT.format(what="fourth")} AS fourth_s
    FROM (
        SELECT seq AS n, (seq DIV {CLASSES}) MOD {len(GROUPS)} AS arm
        FROM seq_%(first)s_to_%(last)s
    ) AS numbers
) AS diced""",
    """
INSERT INTO campaigns_contact (id, group_id, email, email_key, name, external_id, scheduled_at,
    extra, created_at)
SELECT %(contacts)s + n, group_id, email, email, '', '', scheduled_at, '{}', %(begin)s
FROM bench_contact ORDER BY n""",
    f"""
INSERT INTO campaigns_pixel (id, contact_id, number, uuid)
SELECT {PIXELS} * (%(contacts)s + n) + number, %(contacts)s + n, number,
    {UUID.format(what="'pixel/', %(contacts)s + n, '/', number")}
FROM bench_contact, (SELECT seq AS number FROM seq_1_to_{PIXELS}) AS numbers ORDER BY n, number""",
    f"""
INSERT INTO tracking_opening (event_id, pixel_id, contact_id, group_id, user_agent_id,
    network_label, network, prefetch, referer, opened_at, recorded_at, begins_mail_open, verdict,
    reason)
SELECT {UUID.format(what="'opening/', contact_id, '/', visit, '/', pixel")},
    {PIXELS} * contact_id + pixel, contact_id, group_id, user_agent, label, '198.51.100.0/24', 0,
    '', opened_at, opened_at + INTERVAL 50000 MICROSECOND, begins, verdict, reason
FROM (
    SELECT %(contacts)s + n AS contact_id, group_id, visit, pixel, begins, n,
        scheduled_at + INTERVAL
            FLOOR(1e6 * ELT(visit, first_s, second_s, third_s, fourth_s) + 40000 * pixel)
            MICROSECOND AS opened_at
    FROM bench_contact JOIN bench_visit USING (class)
) AS hits
JOIN bench_reader ON slot = FLOOR({SLOTS} * CRC32(CONCAT('reader/', n, '/', visit)) / 4294967296)
ORDER BY n, visit, pixel""",
    f"""
INSERT INTO tracking_contactopenings (contact_id, openings, mail_opens, last_at, pixels,
    pixels_seen, pixels_verified, first_at, first_verdict, first_reason, first_pixel,
    first_user_agent_id, first_delay_s, first_verified_at, first_verified_verdict,
    first_verified_reason, first_verified_pixel, first_verified_user_agent_id,
    first_verified_delay_s, archived_openings, archived_mail_opens, first_archived,
    first_verified_archived)
SELECT a.contact_id, a.openings, a.mail_opens, a.last_at, {2**PIXELS - 1}, a.seen, a.verified,
    f.opened_at, f.verdict, f.reason, f.pixel_id - {PIXELS} * a.contact_id, f.user_agent_id,
    TIMESTAMPDIFF(SECOND, c.scheduled_at, f.opened_at),
    v.opened_at, COALESCE(v.verdict, ''), COALESCE(v.reason, ''),
    v.pixel_id - {PIXELS} * a.contact_id, v.user_agent_id,
    TIMESTAMPDIFF(SECOND, c.scheduled_at, v.opened_at), 0, 0, 0, 0
FROM (
    SELECT contact_id, COUNT(*) AS openings, SUM(begins_mail_open) AS mail_opens,
        MAX(opened_at) AS last_at, BIT_OR(1 << (pixel_id - {PIXELS} * contact_id - 1)) AS seen,
        BIT_OR(IF(verdict = 'machine', 0, 1 << (pixel_id - {PIXELS} * contact_id - 1))) AS verified,
        MIN(opened_at) AS first_at, MIN(IF(verdict = 'machine', NULL, opened_at)) AS verified_at
    FROM tracking_opening
    WHERE contact_id BETWEEN %(contacts)s + %(first)s AND %(contacts)s + %(last)s
    GROUP BY contact_id
) AS a
JOIN campaigns_contact c ON c.id = a.contact_id
JOIN tracking_opening f ON f.contact_id = a.contact_id AND f.opened_at = a.first_at
LEFT JOIN tracking_opening v ON v.contact_id = a.contact_id AND v.opened_at = a.verified_at
ORDER BY a.contact_id""",
]
FEW = SHARED * CLASSES * len(GROUPS)  # contacts, of which the shared ones are
# Afterwards: what is kept beside the contacts.
BESIDE = [
    """
INSERT INTO campaigns_scheduledcount (group_id, day, contacts, minutes)
SELECT group_id, day, SUM(contacts), JSON_OBJECTAGG(minute, contacts)
FROM (
    SELECT group_id, DATE(scheduled_at) AS day, TIME_FORMAT(scheduled_at, '%%H:%%i') AS minute,
        COUNT(*) AS contacts
    FROM campaigns_contact WHERE group_id IN %(groups)s GROUP BY 1, 2, 3
) AS minutes
GROUP BY group_id, day""",
    f"""
INSERT INTO campaigns_sharedcontact (contact_id, group_id)
SELECT c.id, c.group_id FROM campaigns_contact c JOIN campaigns_contact other USING (email_key)
WHERE c.id BETWEEN %(contacts)s AND %(contacts)s + {FEW} AND c.id <> other.id
    AND other.id BETWEEN %(contacts)s AND %(contacts)s + {FEW}""",
]


@dataclass
class Made:
    """A campaign, and how many seconds it took to make."""

    pk: int
    groups: list[int]
    begin: datetime
    contacts: int
    openings: int
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


class Maker:
    """Makes campaigns on a stack."""

    def __init__(self, stack: Stack, database: Database):
        self.stack, self.database = stack, database
        self.contacts = 0  # made so far
        for statement in filter(str.strip, TABLES.split(";")):
            database.run(statement)
        for number, visits in VISITS.items():
            for visit, pixels in enumerate(visits, 1):
                for pixel in pixels:
                    row = (number, visit, pixel, pixel == pixels[0])
                    database.run("INSERT INTO bench_visit VALUES (%s, %s, %s, %s)", row)
        for slot, reader in enumerate(slots(stack)):
            database.run("INSERT INTO bench_reader VALUES (%s, %s, %s, %s, %s)", (slot, *reader))

    def make(self, openings: int) -> Made:
        """As many openings, or up to forty more."""
        dozens = -(-openings // OPENINGS)
        pk, groups = self.stack.shell(f"""
from accounts.models import Team
from campaigns.models import Campaign
campaign = Campaign.objects.start(
    team=Team.objects.first(), name="{openings:,} openings", group_names={GROUPS},
    pixels_per_contact={PIXELS},
)
answer = campaign.pk, list(campaign.groups.order_by("pk").values_list("pk", flat=True))
""")
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        begin = midnight - timedelta(days=DAYS)
        made = Made(pk, groups, begin, dozens * CLASSES, dozens * OPENINGS)
        with timed(made, "written"):
            self.write(made, dozens)
        with timed(made, "counted"):
            # What is known of contacts is written already; `drift` looks whether it is right.
            rebuild_counts(self.stack, made, "--resume", f"days/{groups[0]}/{FIRST_DAY}")
        return made

    def write(self, made: Made, dozens: int):
        known = {f"group{number}": group for number, group in enumerate(made.groups)}
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
ids = UserAgent.objects.ids_of(texts)
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
