"""Every page of the admin, asked for by HTTP."""

import csv
import io
import re
import time
from dataclasses import dataclass, field
from statistics import median

import httpx
from tqdm import tqdm

from benchmarks.admin_pages_data import MARKETING, Data
from benchmarks.page_views_sides import family
from benchmarks.statistics_proof import cpu_clock

USERS = ("superuser", "editor of one team")
WALKED = ("The large one", "A whole year", "A small one 1")  # campaigns
FIGURES = ("groups", "over-time", "time-to-open", "week", "clients", "rendering")
ASK = """
from accounts.models import User
from tests.admin_pages import (
    LEADS_ON, LEFT_OUT, lines, lines_of_nothing, make_editor, pages_for
)
user = User.objects.get(username="admin") if {super} else make_editor({team!r})
answer = pages_for(user, {campaigns}, {figures}) | {{
    "lines": lines(), "left_out": list(LEFT_OUT), "leads_on": list(LEADS_ON),
    "nothing": lines_of_nothing(user),
}}
"""
TRUTH = """
SELECT g.name, (SELECT COUNT(*) FROM campaigns_contact c WHERE c.group_id = g.id),
    (SELECT COUNT(DISTINCT contact_id) FROM tracking_opening o WHERE o.group_id = g.id),
    (SELECT SUM(begins_mail_open) FROM tracking_opening o WHERE o.group_id = g.id),
    (SELECT COUNT(*) FROM tracking_opening o WHERE o.group_id = g.id)
FROM campaigns_group g WHERE g.campaign_id = %(campaign)s ORDER BY g.id"""


@dataclass
class Page:
    user: str
    what: str
    line: str  # of the URL map
    address: str
    queries: int
    status: int  # as the list's own request had it
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)  # of web process and database
    first: float = 0.0

    @property
    def ms(self) -> float:
        return median(self.seconds) * 1000

    @property
    def cpu_ms(self) -> float:
        return median(self.cpu) * 1000


class Walk:
    def __init__(self, data: Data, requests: int):
        self.data, self.requests = data, requests
        self.pages: list[Page] = []
        self.problems: list[str] = []
        self.sessions: dict[str, str] = {}
        self.unwalked: list[str] = []  # lines of the URL map
        self.empty: list[str] = []  # those of rows of which there are none
        [(self.version,)] = data.database.run("SELECT VERSION()")
        [(self.openings,)] = data.database.run("SELECT COUNT(*) FROM tracking_opening")
        [(self.contacts,)] = data.database.run("SELECT COUNT(*) FROM campaigns_contact")

    def measure(self, only: str = ""):
        campaigns = [self.data.campaigns[name].pk for name in WALKED]
        walked, known = set(), set()
        for user in USERS:
            found = self.data.stack.shell(
                ASK.format(
                    super=user == USERS[0], team=MARKETING, campaigns=campaigns, figures=FIGURES
                )
            )
            self.sessions[user] = found["session"]
            pages = [Page(user, *page) for page in found["pages"]]
            walked |= {page.line for page in pages}
            refused, empty = found["nothing"]
            if user == USERS[0]:
                self.empty = sorted(set(empty) - set(found["left_out"]))
                known = set(found["lines"]) - set(found["left_out"]) - {*refused, *empty}
            for page in pages:
                wanted = 302 if page.line in found["leads_on"] else 200
                if page.status != wanted:
                    self.problems.append(f"{page.user}, {page.address}: {page.status}")
            self.pages += [page for page in pages if only in page.what or only in page.address]
        if not only:
            self.unwalked = sorted(known - walked)
        for page in tqdm(self.pages, desc="pages"):
            self.ask(page)

    def ask(self, page: Page):
        page.first, _ = self.once(page)
        for _ in range(self.requests):
            took, cpu = self.once(page)
            page.seconds.append(took)
            page.cpu.append(cpu)

    def once(self, page: Page) -> tuple[float, float]:
        """Seconds until all of it is there, or of a file its first part; and of CPU."""
        used, began = self.cpu(), time.perf_counter()
        with self.client(page.user).stream("GET", page.address) as reply:
            if "attachment" in reply.headers.get("Content-Disposition", ""):
                next(reply.iter_raw(), b"")
                took = time.perf_counter() - began
            else:
                reply.read()
                took = time.perf_counter() - began
        if reply.status_code != page.status:
            self.problems.append(f"{page.user}, {page.address}: {reply.status_code} by HTTP")
        return took, self.cpu() - used

    def client(self, user: str, **cookies) -> httpx.Client:
        self.data.stack.client.headers.pop("Authorization", None)
        self.data.stack.client.headers["Cookie"] = "; ".join(
            f"{name}={value}"
            for name, value in ({"sessionid": self.sessions[user]} | cookies).items()
        )
        return self.data.stack.client

    def cpu(self) -> float:
        """Seconds that web process and database have used so far."""
        services = self.data.stack.services["web"], self.data.mariadb
        pids = (pid for each in services for pid in family(each))
        return sum(time.clock_gettime(cpu_clock(pid)) for pid in pids)

    # -- Whether it is right ---------------------------------------------------------------------
    def judge(self):
        """A wrong page may be as fast as it likes."""
        for name in WALKED:
            campaign = self.data.campaigns[name].pk
            address = f"/admin/campaigns/campaign/{campaign}/figures/groups.csv"
            reply = self.client(USERS[0], figures="raw").get(address)
            rows = list(csv.DictReader(io.StringIO(reply.text.removeprefix("\ufeff"))))
            columns = ("contacts", "opened", "mail opens", "openings")
            told = [[int(row[column]) for column in columns] for row in rows]
            counted = self.data.database.run(TRUTH, {"campaign": campaign})
            true = [[int(number or 0) for number in row[1:]] for row in counted]
            if told != true:
                self.problems.append(f"{name}: {told} is told, and SQL counts {true}")
            self.judge_list(name, campaign)

    def judge_list(self, name: str, campaign: int):
        """The newest openings of a campaign, in order."""
        address = f"/admin/tracking/opening/?campaign={campaign}"
        text = self.client(USERS[0]).get(address).text
        told = list(dict.fromkeys(map(int, re.findall(r"/tracking/opening/(\d+)/change/", text))))
        true = self.data.database.run(
            "SELECT id FROM tracking_opening WHERE group_id IN %(groups)s"
            " ORDER BY id DESC LIMIT 100",
            {"groups": self.data.campaigns[name].groups},
        )
        if told != [pk for [pk] in true]:
            self.problems.append(f"{address}: {told[:5]} … is listed, and SQL has {true[:5]}")
