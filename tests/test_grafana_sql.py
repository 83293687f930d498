"""What Grafana asks of MySQL: asked of MariaDB, by the user that Grafana has there.

The panels find the sample, openings of it, and page views. Of both, most were recorded long before
(by their ids), so that the optimizer prefers what is bounded where a statement is.
"""

import secrets

import pytest

from tests.dashboards import DASHBOARDS, expand, queries, read
from tests.stack import Stack

MySQLdb = pytest.importorskip("MySQLdb", reason="mysqlclient is missing here")
DictCursor = pytest.importorskip("MySQLdb.cursors").DictCursor

ASKED = list(queries("mysql"))
BIG = {"tracking_opening", "tracking_pageview", "tracking_cellvisitor", "campaigns_contact"}
WHOLE = {"ALL", "index"}  # how MySQL calls the reading of all rows, or of all of an index
MODE = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE"  # MySQL 8.4's own
RECENT = 20  # openings, and page views; there are six times as many older ones
# The sample, with contacts that are due today and later. Two in three of the sample have opened,
# and of those who are due in an hour the control's. Openings of all kinds, views of three pages.
PREPARE = """
from datetime import timedelta
from random import Random
from uuid import uuid4
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from campaigns.models import Campaign, Contact, Pixel
from campaigns.models.schedule import ContactRow
from pixeltrack.grafana_views import make_grafana_views
from tracking.hit import Hit
from tracking.page_views.hit import ViewHit
from tracking.page_views.record import record_views
from tracking.record import record
from tracking.simulate import READERS
from tracking.statistics import statistics_of

views = make_grafana_views()
call_command("loaddata", "sample", verbosity=0)
campaign = Campaign.objects.get()
now, dice = timezone.now(), Random(8)
for group in campaign.groups.order_by("pk"):
    for name, hours in ("past", -1), ("soon", 1), ("later", 48):
        at = {"scheduled_at": now + timedelta(hours=hours)}
        Contact.objects.schedule_many([ContactRow(group, f"{name}@example.com", at)])
pixels = [
    pixel for pixel in Pixel.objects.select_related("contact__group").order_by("pk")
    if (pixel.contact.pk % 3 if pixel.contact.sent_at else
        pixel.contact.email.startswith("soon") and pixel.contact.group.is_control)
]

def open_some(number, minutes):
    at = round((now - timedelta(minutes=minutes)).timestamp() * 1000)
    record([Hit(event_id=uuid4().bytes, pixel=dice.choice(pixels).uuid.bytes, at=at,
        user_agent=dice.choice(READERS).user_agent, network="203.0.113.0/24")
        for _ in range(number)])
    record_views([ViewHit(uuid4().bytes, f"/page/{n % 3}", f"user {n}", at) for n in range(number)])

for minutes in range(600, 200, -100):
    open_some(30, minutes)
with connection.cursor() as cursor:
    for table in "opening", "pageview":
        cursor.execute(f"ALTER TABLE tracking_{table} AUTO_INCREMENT = 9000000")
open_some(RECENT, 1)
with connection.cursor() as cursor:
    cursor.execute("ANALYZE TABLE tracking_opening, tracking_pageview, campaigns_contact")
told = statistics_of(campaign)["groups"]
answer = {"campaign": campaign.pk, "views": views, "groups": [
    {key: group[key] for key in ("name", "contacts", "due", "raw", "verified")} for group in told]}
"""


class Database:
    """MariaDB with PixelTrack's tables, as compose's MySQL has them, and Grafana's user there."""

    def __init__(self, mariadb, folder):
        self.mariadb, self.password = mariadb, secrets.token_hex(16)
        (folder / "grafana").mkdir()
        self.stack = Stack(folder / "grafana", mariadb=mariadb)
        self.tables = self.stack.environment["MYSQL_DATABASE"]
        self.views = f"{self.tables}_grafana"
        only = self.views.replace("_", r"\_")
        mariadb.run_sql(
            f"CREATE DATABASE {self.views}; "
            f"CREATE USER grafana@'127.0.0.1' IDENTIFIED BY '{self.password}'; "
            f"GRANT SELECT ON `{only}`.* TO grafana@'127.0.0.1'"
        )
        self.stack.prepare()
        mariadb.run_sql(
            f"CREATE VIEW {self.views}.former AS SELECT * FROM {self.tables}.accounts_user; "
            f"CREATE VIEW {self.views}.page AS SELECT 1 AS one"
        )
        self.prepared = self.stack.shell(f"RECENT = {RECENT}\n{PREPARE}")

    def ask(self, statement: str, by: str = "grafana") -> list[dict]:
        """The rows that Grafana's user gets, or PixelTrack's."""
        user, password = by, self.password
        if by != "grafana":
            user, password = self.mariadb.user, self.mariadb.password
        connection = MySQLdb.connect(
            host="127.0.0.1",
            port=self.mariadb.port,
            user=user,
            password=password,
            database=self.views,
            charset="utf8mb4",
            init_command=f"SET sql_mode = '{MODE}', time_zone = '+00:00'",
        )
        try:
            cursor = connection.cursor(DictCursor)
            cursor.execute(statement)
            return list(cursor.fetchall())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def grafana(mariadb, folder):
    database = Database(mariadb, folder)
    yield database
    database.stack.stop()


@pytest.mark.parametrize("query", ASKED, ids=str)
def test_each_panel_gets_rows(grafana, query):
    rows = grafana.ask(expand(query, grafana.prepared["campaign"]))
    assert rows
    assert any(value is not None for value in rows[0].values())
    # Grafana takes the column `time` for the time of a point, in order.
    times = [row["time"] for row in rows if "time" in row]
    assert times == sorted(times)


@pytest.mark.parametrize("query", ASKED, ids=str)
def test_no_panel_reads_all_openings(grafana, query):
    plan = grafana.ask("EXPLAIN " + expand(query, grafana.prepared["campaign"]), by="pixeltrack")
    read = [row for row in plan if row["table"] in BIG]
    assert [row for row in read if row["type"] in WHOLE] == []
    assert sum(int(row["rows"]) for row in read) <= RECENT + 2, read


def test_groups_are_told_as_the_api_tells_them(grafana):
    """Contacts, due ones (some by schedule, one because it has opened), rates and intervals."""
    [query] = [each for each in ASKED if each.panel == "Groups"]
    rows = grafana.ask(expand(query, grafana.prepared["campaign"]))
    told = [
        {
            "name": row["group"],
            "contacts": row["contacts"],
            "due": row["due"],
            "raw": [row[name] for name in ("opened", "open rate", "from", "to")],
            "verified": [row[f"verified{name}"] for name in ("", " open rate", " from", " to")],
        }
        for row in rows
    ]
    for group in grafana.prepared["groups"]:
        for side in ("raw", "verified"):
            rate = group[side]["open_rate"]
            numbers = [group[side]["contacts"], rate["value"], rate["low"], rate["high"]]
            group[side] = pytest.approx(numbers, abs=1e-9)
    assert told == grafana.prepared["groups"]
    due = {row["group"]: int(row["due"]) for row in rows}
    assert due == {"A: text first": 10 + 1 + 1, "B: picture first": 10 + 1}


def test_the_variable_offers_the_campaigns(grafana):
    [path] = [path for path in DASHBOARDS if path.stem == "openings"]
    [variable] = read(path)["templating"]["list"]
    [row] = grafana.ask(variable["query"])
    assert row == {"__text": "Spring newsletter", "__value": grafana.prepared["campaign"]}


def test_grafana_may_read_nothing_but_its_views(grafana):
    for table in ("accounts_user", "campaigns_contact", "tracking_opening", "django_session"):
        with pytest.raises(MySQLdb.OperationalError, match="denied"):
            grafana.ask(f"SELECT * FROM {grafana.tables}.{table}")
    for statement in (
        "DELETE FROM opening",
        "UPDATE campaign SET name = ''",
        "DROP VIEW opening",
        "CREATE TABLE mine (id INT)",
        "SHOW CREATE VIEW opening",
    ):
        with pytest.raises(MySQLdb.OperationalError, match="denied"):
            grafana.ask(statement)
    schemas = {row["Database"] for row in grafana.ask("SHOW DATABASES")}
    assert schemas == {grafana.views, "information_schema"}


def test_no_view_shows_anybody(grafana):
    """Column by column: whoever adds one looks here whether it tells of people."""
    found = grafana.ask(
        "SELECT table_name AS view, GROUP_CONCAT(column_name ORDER BY ordinal_position) AS columns"
        f" FROM information_schema.columns WHERE table_schema = '{grafana.views}' GROUP BY 1"
    )
    assert {row["view"]: row["columns"] for row in found} == {
        "campaign": "id,name,tracking,time_zone,created_at,closed_at",
        "campaign_group": "id,campaign_id,name,is_control",
        "scheduled_count": "group_id,day,contacts,minutes",
        "early_opener": "group_id,early_until",
        "opening_count": "group_id,quarter,verdict,openings,mail_opens,"
        "first_openings,first_verified",
        "opening_breakdown": "group_id,day,dimension,value,verdict,openings,mail_opens",
        "opening": "id,group_id,user_agent_id,opened_at,recorded_at,verdict,reason,"
        "begins_mail_open,network_label",
        "user_agent": "id,client,os,device",
        "page": "id,page_id",
        "page_view": "id,viewed_at",
        "view_cell": "page,hour,views,visitors",
    }
    assert grafana.prepared["views"] == len(found)


def test_an_upgrade_makes_the_views_anew_and_drops_those_that_are_gone(grafana):
    """Those of the version before it are in the database when this one is prepared."""
    views = {row[f"Tables_in_{grafana.views}"] for row in grafana.ask("SHOW TABLES")}
    assert "former" not in views
    assert len(views) == grafana.prepared["views"]
    assert grafana.ask("SELECT page_id FROM page")
