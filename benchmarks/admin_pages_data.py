"""A database with ten million openings, which may be kept to be measured again."""

import json
import shutil
from pathlib import Path

from benchmarks.statistics_campaign import WEEK, YEAR, Database, Made, Maker
from benchmarks.statistics_proof import OPTIONS
from tests.services import MariaDB, Service, listens
from tests.stack import PASSWORD, Stack

DATABASE = "admin_pages"
MARKETING, OTHERS = "Marketing", "Others"
LIST = "campaigns.json"  # in the folder: what was made, and of which team it is
TEAMS = f"""
from accounts.models import Team, User
admin = User.objects.get(username="admin")
for name in ({MARKETING!r}, {OTHERS!r}):
    Team.objects.start(name=name, manager=admin)
answer = None
"""
# A row of every kind, so that each has its page.
A_ROW_OF_EACH = """
from pixeltrack.tests.world import World
World()
answer = None
"""
GIVE = """
from accounts.models import Team
from campaigns.models import Campaign
answer = Campaign.objects.filter(pk={pk}).update(
    team=Team.objects.get(name={team!r}), name={name!r}
)
"""


class KeptMariaDB(MariaDB):
    """Begins with what is in the folder, if there is something."""

    def start(self):
        if not self.data.exists():
            return super().start()
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()
        Service.start(self)
        self.wait_for(lambda: listens(self.port))
        self.run_sql(f"SET PASSWORD FOR {self.user}@'127.0.0.1' = PASSWORD('{self.password}')")
        return self

    def create_database(self, name: str) -> dict[str, str]:
        self.run_sql(f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4")
        return self.settings(name)


class KeptStack(Stack):
    """On tables that may be there already, with other passwords."""

    def prepare(self):
        self.manage("migrate", "--verbosity=0")
        self.manage("collectstatic", "--noinput", "--verbosity=0")
        self.shell(f"""
from accounts.models import User
found = User.objects.filter(username="admin").first()
admin = found or User.objects.create_superuser("admin", "admin@example.com")
admin.set_password({PASSWORD!r})
admin.save()
answer = None
""")


def campaigns_for(openings: int) -> list[tuple[str, str, int, int]]:
    """(team, name, openings, days), in the order in which they are made. The others' are newer than
    Marketing's: who looks for the newest rows of Marketing must not walk past theirs."""
    large, year, small = openings * 4 // 5, openings // 5, max(openings // 10_000, 40)
    return [
        (MARKETING, "The large one", large, WEEK),
        *((MARKETING, f"A small one {number}", small, WEEK) for number in range(1, 4)),
        (OTHERS, "A whole year", year, YEAR),
        *((OTHERS, f"Another small one {number}", small, WEEK) for number in range(1, 4)),
    ]


class Data:
    """Of a stack on a MariaDB of its own in `folder`; use it as a context."""

    def __init__(self, folder: Path, place: Path):
        self.folder, self.mariadb = folder, KeptMariaDB(folder, *OPTIONS)
        self.place = place / DATABASE
        self.stack = self.database = None
        self.campaigns: dict[str, Made] = {}  # by name

    def __enter__(self):
        self.mariadb.start()
        self.place.mkdir()
        settings = {"WEB_CONCURRENCY": "1", "API_ACCESS_TOKEN_EXPIRE_MINUTES": "1440"}
        self.stack = KeptStack(self.place, mariadb=self.mariadb, **settings).start()
        self.database = Database(self.stack)
        return self

    def __exit__(self, *exception):
        if self.database:
            self.database.close()
        for each in (self.stack, self.mariadb):
            if each:
                each.stop()

    def fill(self, openings: int):
        """What is there already stays."""
        kept = self.folder / LIST
        if kept.exists():
            self.campaigns = {name: Made(**made) for name, made in json.loads(kept.read_text())}
            return
        self.stack.shell(TEAMS)
        self.stack.shell(A_ROW_OF_EACH)
        maker = Maker(self.stack, self.database)
        for team, name, number, days in campaigns_for(openings):
            made = maker.make(number, days)
            self.stack.shell(GIVE.format(pk=made.pk, team=team, name=name))
            self.campaigns[name] = made
        for table in ("campaigns_contact", "campaigns_pixel", "tracking_opening"):
            self.database.run(f"ANALYZE TABLE {table}")
        listed = [
            (name, {"pk": made.pk, "groups": made.groups, "begin": None, "contacts": made.contacts,
                    "openings": made.openings, "days": made.days, "took": made.took})
            for name, made in self.campaigns.items()
        ]  # fmt: skip
        kept.write_text(json.dumps(listed))
