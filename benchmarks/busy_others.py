"""What else a PixelTrack does while pixels are asked for: somebody exports, and ten people look at
their dashboards."""

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event, Thread

import httpx

from tests.ledger.report import quantile
from tests.stack import Stack

PATIENCE_S = 60
STATISTICS_EVERY = 3  # turns of a dashboard
SESSION = """
from accounts.models import User
from django.test import Client
client = Client(SERVER_NAME="127.0.0.1")
client.force_login(User.objects.get(username="admin"))
answer = client.cookies["sessionid"].value
"""


def session_of(stack: Stack) -> str:
    """Of the admin, in the admin."""
    return stack.shell(SESSION)


@dataclass
class Answered:
    """To dashboards."""

    times: list[float] = field(default_factory=list)  # seconds
    unchanged: int = 0  # 304: nothing was new

    def ms(self, share: float) -> float:
        return quantile(self.times, share) * 1000


class Doing(Thread):
    """Something that is done again and again, until its context ends."""

    def __init__(self, stack: Stack, **headers: str):
        super().__init__()
        self.problems: list[str] = []
        self.over = Event()
        self.client = httpx.Client(
            base_url=stack.url,
            headers={"Accept-Encoding": "identity"} | headers,
            timeout=PATIENCE_S,
            trust_env=False,
            verify=False,
        )

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.over.set()
        self.join()
        self.client.close()

    def run(self):
        while not self.over.is_set():
            try:
                self.turn()
            except (httpx.HTTPError, AssertionError) as problem:
                self.problems.append(f"{type(self).__name__}: {problem!r}"[:500])
                self.over.wait(1)

    def turn(self):
        raise NotImplementedError

    def forget(self):
        raise NotImplementedError


class Exports(Doing):
    """Of all openings of a campaign, one after the other."""

    def __init__(self, stack: Stack, campaign: int, rows: int):
        super().__init__(stack, Authorization=stack.client.headers["Authorization"])
        self.path, self.rows = f"/api/campaigns/{campaign}/openings.csv", rows
        self.forget()

    def forget(self):
        self.times: list[float] = []  # seconds that each whole one took
        self.lines = 0  # those of one under way included

    def turn(self):
        began, lines, last = time.monotonic(), 0, b"\n"
        with self.client.stream("GET", self.path) as reply:
            assert reply.status_code == 200, f"{self.path}: {reply.status_code}"
            for part in reply.iter_raw():
                found = part.count(b"\n")
                lines, last = lines + found, part[-1:]
                self.lines += found
                if self.over.is_set():
                    return
        assert last == b"\n", f"{self.path} ends in the middle of a line"
        assert lines == self.rows + 1, f"{self.path}: {lines - 1} rows and not {self.rows}"
        self.times.append(time.monotonic() - began)


class Dashboard(Doing):
    """The page of a campaign in the admin, whose figures ask for themselves as live.js does: again
    a second after each answer, with the ETag of what is shown. Beside it somebody's program asks
    the API for the campaign's statistics in every third turn."""

    def __init__(self, stack: Stack, campaign: int, session: str):
        super().__init__(
            stack,
            Cookie=f"sessionid={session}",
            Authorization=stack.client.headers["Authorization"],
        )
        self.panel = f"/admin/campaigns/campaign/{campaign}/live/"
        self.statistics = f"/api/campaigns/{campaign}/statistics/"
        self.turns = self.total = 0
        self.tag = ""
        self.forget()

    def forget(self):
        self.live, self.told = Answered(), Answered()

    def turn(self):
        self.look()
        if self.turns % STATISTICS_EVERY == 0:
            self.ask()
        self.turns += 1
        self.over.wait(1)

    def look(self):
        began = time.monotonic()
        reply = self.client.get(
            self.panel, headers={"If-None-Match": self.tag} if self.tag else None
        )
        self.live.times.append(time.monotonic() - began)
        if reply.status_code == 304:
            self.live.unchanged += 1
            return
        assert reply.status_code == 200, f"{self.panel}: {reply.status_code}"
        assert 'id="live-campaign"' in reply.text, f"{self.panel}: {reply.text[:200]}"
        self.tag = reply.headers.get("ETag", "")

    def ask(self):
        began = time.monotonic()
        reply = self.client.get(self.statistics)
        self.told.times.append(time.monotonic() - began)
        assert reply.status_code == 200, f"{self.statistics}: {reply.status_code}"
        total = reply.json()["openings"]["total"]
        assert total >= self.total, f"{self.statistics}: {total} openings after {self.total}"
        self.total = total


class Others:
    """The exports and the dashboards; use it as a context."""

    def __init__(self, exports: Exports, dashboards: list[Dashboard]):
        self.exports, self.dashboards = exports, dashboards
        self._all = [exports, *dashboards]
        self._ending = ExitStack()

    def __enter__(self):
        for each in self._all:
            self._ending.enter_context(each)
            each.over.wait(1 / len(self._all))  # they don't all look at the same moment
        return self

    def __exit__(self, *exception):
        self._ending.close()

    def forget(self):
        """What they did counts from now on."""
        for each in self._all:
            each.forget()

    def live(self) -> Answered:
        return gathered([each.live for each in self.dashboards])

    def told(self) -> Answered:
        return gathered([each.told for each in self.dashboards])

    @property
    def problems(self) -> list[str]:
        return [problem for each in self._all for problem in each.problems]


def gathered(all_of_them: list[Answered]) -> Answered:
    times = [took for each in all_of_them for took in each.times]
    return Answered(times, sum(each.unchanged for each in all_of_them))
