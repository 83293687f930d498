"""Hits at a steady rate on a whole PixelTrack, and how soon each is in its statistics."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from tqdm import tqdm

from tests.ledger.journal import Journal
from tests.ledger.plan import user_agents
from tests.ledger.run import LoadClient
from tests.services import GaveUp, MariaDB, wait_until
from tests.stack import Stack

PATIENCE_S = 120
BUFFER_POOL = "--innodb-buffer-pool-size=512M"  # all fits, as on a server of its own


@dataclass(frozen=True)
class Look:
    """At the statistics; times in seconds, monotonic."""

    asked: float
    answered: float
    total: int


@dataclass
class Found:
    """What came out on one database; seconds."""

    database: str
    version: str = ""
    offered: int = 0  # hits a second
    hits: int = 0
    openings: int = 0  # in the statistics, in the end
    reached: float = 0.0  # hits a second
    gifs: list[float] = field(default_factory=list)  # how long each took
    looks: list[float] = field(default_factory=list)  # how long each took
    delays: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Run:
    def __init__(self, folder: Path, database: str, options):
        self.folder, self.options = folder, options
        self.found = Found(database, offered=options.rate)
        self.mariadb = MariaDB(folder, BUFFER_POOL) if database == "mysql" else None
        self.stack = None

    def execute(self) -> Found:
        try:
            if self.mariadb:
                self.mariadb.start()
            place = self.folder / "product"
            place.mkdir()
            self.stack = Stack(place, mariadb=self.mariadb, WEB_CONCURRENCY="1")
            self.stack.start()
            self.measure()
        finally:
            for each in (self.stack, self.mariadb):
                if each:
                    each.stop()
        return self.found

    def measure(self):
        found, options = self.found, self.options
        found.version = self.stack.shell(
            "from django.db import connection as c; c.ensure_connection()\n"
            "answer = '.'.join(map(str, c.get_database_version()))"
        )
        before, count = options.rate * options.warm_up, options.rate * options.seconds
        campaign, pixels = self.stack.new_campaign(contacts=before + count, pixels=1)
        paths = ["/p/" + pixel["url"].rpartition("/p/")[2] for pixel in pixels]
        viewer = Viewer(self.stack, campaign, options.every)
        self.send("warm-up", paths[:before])
        self.stack.settle()
        already = viewer.look().total
        with viewer:
            journal = self.send("hits", paths[before:])
            try:
                viewer.wait_for(already + len(journal.answers))
            except GaveUp as problem:
                found.problems.append(str(problem))
        found.openings = viewer.seen[-1].total - already
        self.note(journal, [(look.answered, look.total - already) for look in viewer.seen])
        found.looks = [look.answered - look.asked for look in viewer.seen]

    def send(self, what: str, paths: list[str]) -> Journal:
        return send_steadily(self.folder, what, paths, self.stack.port, self.options)

    def note(self, journal: Journal, seen: list[tuple[float, int]]):
        found, answers = self.found, journal.answers
        gifs = sorted(answer.sent + answer.ms / 1000 for answer in answers)
        found.hits, found.gifs = len(gifs), [answer.ms / 1000 for answer in answers]
        sent = sorted(answer.sent for answer in answers)
        found.reached = (len(sent) - 1) / (sent[-1] - sent[0])
        found.delays = delays(gifs, seen)
        if journal.wrong or journal.killed:
            found.problems.append(f"{len(journal.wrong) + len(journal.killed)} hits had no GIF")
        if found.openings != found.hits:
            found.problems.append(f"{found.hits} GIFs, and {found.openings} openings in the end")


def send_steadily(folder: Path, what: str, paths: list[str], port: int, options) -> Journal:
    """Each of these once, at the steady rate of `options`; what became of them."""
    plan = {
        "seed": what,
        "connections": options.connections,
        "rate": options.rate,
        "port": port,
        "paths": paths,
        "readers": user_agents(),
        "hits": [(number, 0, f"{what}-{number}") for number in range(len(paths))],
    }
    client = LoadClient(folder, what, plan)
    try:
        for _ in tqdm(range(len(paths) // options.rate), desc=what, unit="s"):
            time.sleep(1)
        # It ends when it has sent them all.
        wait_until(lambda: client.process.poll() is not None, within=PATIENCE_S, what=what)
        return client.finish()
    finally:
        client.kill()


class Viewer:
    """Somebody who asks for a campaign's statistics again and again."""

    def __init__(self, stack: Stack, campaign: int, every: float):
        self.stack, self.every = stack, every
        self.path = f"/api/campaigns/{campaign}/statistics/"
        self.seen: list[Look] = []
        self._ending, self._thread = Event(), Thread(target=self.run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._ending.set()
        self._thread.join()

    def run(self):
        while not self._ending.is_set():
            look = self.look()
            self.seen.append(look)
            self._ending.wait(max(0.0, look.asked + self.every - time.monotonic()))

    def look(self) -> Look:
        asked = time.monotonic()
        total = self.stack.get(self.path)["openings"]["total"]
        return Look(asked, time.monotonic(), total)

    def wait_for(self, total: int):
        wait_until(
            lambda: self.seen and self.seen[-1].total >= total,
            within=PATIENCE_S,
            what=f"{total} openings are in the statistics",
        )


def delays(gifs: list[float], seen: list[tuple[float, int]]) -> list[float]:
    """How long it took from each GIF (when they came, sorted) to the first look (when, how many
    openings there were) that had as many openings as there were GIFs up to then. GIFs whose
    opening nobody has seen are left out."""
    found, looks = [], iter(seen)
    when, total = next(looks, (0.0, 0))
    for number, gif in enumerate(gifs, 1):
        while total < number:
            look = next(looks, None)
            if look is None:
                return found
            when, total = look
        found.append(max(0.0, when - gif))
    return found
