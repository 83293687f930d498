"""Pixels at a steady rate on a whole PixelTrack: alone, and among all else that it does."""

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from benchmarks.busy_others import Answered, Dashboard, Exports, Others, session_of
from benchmarks.due import Answers, Pixels
from benchmarks.freshness_run import BUFFER_POOL
from benchmarks.page_views_sides import cpu_seconds, family
from benchmarks.pixel_sides import DRAIN_S
from benchmarks.py_spy import Profile, running
from benchmarks.statistics_campaign import Database, Maker
from tests.contact_list import ContactList
from tests.importers import BEATS, WORKERS, Import, Importers
from tests.memory import children
from tests.services import MariaDB
from tests.stack import Stack

MOST_MS = 25  # p99
PROFILED_S = 10
START_S = 900.0  # until an import has its first row, on a slow machine
BAD = 10  # rows of the list
AGAIN = "once more, looked at"
OPENINGS_OF = (
    "SELECT COUNT(*) FROM tracking_opening WHERE group_id IN"
    " (SELECT id FROM campaigns_group WHERE campaign_id = %(campaign)s)"
)


@dataclass
class Found:
    alone: Answers | None = None
    among: Answers | None = None
    rows: int = 0  # that the import took in meanwhile
    exports: list[float] = field(default_factory=list)  # seconds of each whole one
    lines: int = 0  # of exports, those under way included
    live: Answered = field(default_factory=Answered)
    told: Answered = field(default_factory=Answered)
    # Cores in use, by process, of each time that pixels were asked for.
    cpu: dict[str, dict[str, float]] = field(default_factory=dict)
    profile: Profile | None = None
    acknowledged: int = 0
    kept: int = 0
    problems: list[str] = field(default_factory=list)


class Run:
    """On a MariaDB of its own in `folder`; use it as a context."""

    def __init__(self, folder: Path, options):
        self.folder, self.options, self.found = folder, options, Found()
        self.mariadb = MariaDB(folder, BUFFER_POOL)
        self._ending = ExitStack()

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self._ending.close()
            raise
        return self

    def __exit__(self, *exception):
        self._ending.close()

    def start(self):
        self._ending.callback(self.mariadb.stop)
        self.mariadb.start()
        place = self.folder / "product"
        place.mkdir()
        self.stack = Stack(place, mariadb=self.mariadb, API_ACCESS_TOKEN_EXPIRE_MINUTES="1440")
        self._ending.callback(self.stack.stop)
        self.stack.start()
        self.importers = self._ending.enter_context(Importers(self.stack, self.folder))
        self.importers.start(WORKERS[0], BEATS[0])
        self.database = Database(self.stack)
        self._ending.callback(self.database.close)

    # -- Before ----------------------------------------------------------------------------------
    def prepare(self):
        """A campaign to export, and one whose mails are opened now."""
        self.exported = Maker(self.stack, self.database).make(self.options.openings)
        seconds = self.options.alone + self.options.seconds + PROFILED_S
        wanted = int(self.options.rate * seconds) + 1
        with tqdm(desc=f"{wanted:,} pixels", bar_format="{desc} {elapsed}"):
            self.campaign, pixels = self.stack.new_campaign(contacts=wanted, pixels=1)
        tokens = self.folder / "tokens"
        tokens.write_text(
            "".join(
                pixel["url"].rpartition("/p/")[2].removesuffix(".gif") + "\n" for pixel in pixels
            )
        )
        self.pixels = Pixels(self.stack, tokens, self.options.readers, self.options.connections)

    def start_import(self) -> Import:
        """Until the first row is taken in: an import looks through the whole file before that."""
        contacts = ContactList(self.options.rows, max(self.options.rows // BAD, 1))
        with tqdm(desc="the import begins", bar_format="{desc} {elapsed}"):
            job = self.importers.send(contacts, "Imported meanwhile")
            job.wait_for_row(1, within=START_S, every=0.25)
        return job

    # -- Measured --------------------------------------------------------------------------------
    def measure(self):
        found, options = self.found, self.options
        found.alone = self.send("alone", options.alone)
        self.stack.settle(within=DRAIN_S)
        job = self.start_import()
        with self.others() as others:
            before = job.told()["rows"]
            others.forget()
            found.among = self.send("among all else", options.seconds)
            found.exports, found.lines = [*others.exports.times], others.exports.lines
            found.live, found.told = others.live(), others.told()
            after = job.told()
            found.rows = after["rows"] - before
            if after["state"] == "done":
                found.problems.append("the import was over before the pixels were (--rows)")
            if found.among.time(0.99) > MOST_MS:
                self.profile()
        found.problems += others.problems

    def others(self) -> Others:
        session = session_of(self.stack)
        exports = Exports(self.stack, self.exported.pk, self.exported.openings)
        watched = range(self.options.dashboards)
        return Others(exports, [Dashboard(self.stack, self.campaign, session) for _ in watched])

    def send(self, what: str, seconds: int) -> Answers:
        """With the cores that each process had in use meanwhile."""
        before, began = self.used(), time.monotonic()
        with tqdm(desc=f"{what}, {seconds} s", bar_format="{desc} {elapsed}"):
            answers = self.pixels.send(self.options.rate, seconds)
        after, took = self.used(), time.monotonic() - began
        self.found.cpu[what] = {
            name: (after[name] - used) / took for name, used in before.items()
        } | {"client of the pixels": answers.cpu / took}
        self.found.problems += answers.problems
        return answers

    def used(self) -> dict[str, float]:
        """Seconds of CPU so far, by process with its children."""
        services = self.stack.services | {"mariadbd": self.mariadb}
        services |= {"worker": self.importers.services[WORKERS[0]]}
        services |= {"beat": self.importers.services[BEATS[0]]}
        used = {name: sum(map(cpu_seconds, family(each))) for name, each in services.items()}
        return used | {"exports' and dashboards' clients": time.process_time()}

    def profile(self):
        """Of a web process, who holds its interpreter while all of that goes on: what answers
        pixels has to wait for that."""
        pid = children(self.stack.services["web"].process.pid)[0]
        with running(pid, self.folder, PROFILED_S - 2, "--gil") as profile:
            self.send(AGAIN, PROFILED_S)
        self.found.profile = profile()

    def judge(self):
        found = self.found
        self.importers.stop()
        with tqdm(desc="until all is recorded", bar_format="{desc} {elapsed}"):
            self.stack.settle(within=DRAIN_S)
        [(found.kept,)] = self.database.run(OPENINGS_OF, {"campaign": self.campaign})
        found.acknowledged = self.pixels.acknowledged
        if found.kept != found.acknowledged:
            found.problems.append(
                f"{found.acknowledged} openings were acknowledged, {found.kept} are kept"
            )
