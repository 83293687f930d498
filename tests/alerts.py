"""Faults of the running stack, the alerts that are to tell of them, and when each did."""

import contextlib
import re
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.api import STREAM
from tests.dashboards import PROMETHEUS
from tests.faults.mail import Mail
from tests.services import wait_until
from tests.whole_stack import WholeStack

# So much shorter is what each alert waits for before it fires; and it is looked at every second.
# What expressions themselves say (60 s without a heartbeat, five minutes of an increase), and how
# often Prometheus asks, stays as it is.
SHORTER = 6
LONGEST = 600  # seconds: an increase over five minutes, and some more
OTHERS = {"alertname": "TargetDown", "job": "cadvisor"}  # fires always: it can't be had here


def scaled(folder: Path) -> Path:
    """A copy of what Prometheus is given, in `folder`."""
    copy = Path(shutil.copytree(PROMETHEUS, folder))
    rules = copy / "rules.yml"
    shorter, count = re.subn(
        r"^( +for: )(\d+)(s|m)$",
        lambda found: f"{found[1]}{int(found[2]) * (60 if found[3] == 'm' else 1) // SHORTER}s",
        rules.read_text(),
        flags=re.MULTILINE,
    )
    assert count
    rules.write_text(shorter)
    configuration = copy / "prometheus.yml"
    text = configuration.read_text()
    assert text.count("  evaluation_interval: 5s\n") == 1
    configuration.write_text(text.replace("evaluation_interval: 5s", "evaluation_interval: 1s"))
    return copy


@dataclass
class Told:
    """Seconds, by the clock of the tests."""

    fault: str
    made: float = 0.0
    fired: float = 0.0
    mended: float = 0.0
    cleared: float = 0.0


class Alerts:
    """Looks at what fires, until it is closed."""

    def __init__(self, stack: WholeStack):
        self.stack = stack
        self.firing: set[tuple[str, str]] = set()  # name, job
        self.told: dict[str, Told] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self):
        while not self._ending.wait(0.3):
            with contextlib.suppress(httpx.HTTPError):
                alerts = self.stack.prometheus("alerts")["alerts"]
                self._take(
                    each["labels"]
                    for each in alerts
                    if each["state"] == "firing" and not OTHERS.items() <= each["labels"].items()
                )

    def _take(self, firing):
        names, now = {labels["alertname"] for labels in firing}, time.monotonic()
        for name, told in self.told.items():
            if name in names and not told.fired:
                told.fired = now
            if name not in names and told.mended and not told.cleared:
                told.cleared = now
        self.firing = names

    def make(self, name: str, fault: str):
        """Say that this fault is being made."""
        assert name not in self.firing, f"{name} fires before its fault is made"
        self.told[name] = Told(fault, made=time.monotonic())

    def wait_for(self, *names: str, meanwhile=lambda: None):
        def fire() -> bool:
            meanwhile()
            return all(self.told[name].fired for name in names)

        wait_until(fire, within=LONGEST, what=f"{names} fire", every=0.5)

    def mend(self, *names: str):
        for name in names:
            self.told[name].mended = time.monotonic()

    def wait_until_clear(self):
        def clear() -> bool:
            return all(told.cleared for told in self.told.values())

        wait_until(clear, within=LONGEST, what=f"all clear, of {self.told}", every=0.5)

    def close(self):
        self._ending.set()
        self._thread.join()


class Faults:
    """Each method makes one, and returns what mends it."""

    def __init__(self, stack: WholeStack):
        self.stack = stack
        self.containers = stack.compose.containers
        self.mail = Mail(stack, pixels=1)
        self.hits = 0

    def hit(self):
        """One that no other is a refresh of."""
        self.hits += 1
        agent = {"User-Agent": f"reader {self.hits}"}
        assert self.stack.client.get(self.mail.pixels[0]["url"], headers=agent).is_success

    def kill(self, *names: str):
        for name in names:
            self.containers[name].kill()
        return lambda: [self.containers[name].start() for name in names]

    def hold_the_table(self):
        """The consumers stand still, and go on breathing: nobody may write openings."""
        connection = self.stack.connect_mysql(database="pixeltrack")
        connection.query("LOCK TABLES tracking_opening WRITE")
        return connection.close

    def delete_entries(self):
        """What a consumer has read and not recorded yet."""
        with self.stack.connect_redis() as connection:
            found = wait_until(
                lambda: connection.xrange(STREAM, count=1), what="an entry in the stream"
            )
            assert connection.xdel(STREAM, found[0][0]) == 1

    def falsify_counts(self):
        change = (
            "UPDATE tracking_openingcount SET openings = openings {} 3 ORDER BY id DESC LIMIT 1"
        )
        self.stack.sql(change.format("+"))
        return lambda: self.stack.sql(change.format("-"))

    def close_the_spool(self):
        """While nobody has a file open there."""
        spool = self.stack.spool
        assert not any(spool.iterdir())
        mode = spool.stat().st_mode
        spool.chmod(0)
        return lambda: spool.chmod(mode)

    def age_the_rules(self):
        self.stack.manage("shell", "-c", AGE)
        return lambda: self.stack.manage("shell", "-c", FORGET)

    def raise_the_reserve(self):
        consumer = self.containers["consumer-2"]
        consumer.kill()
        consumer.more_environment = {"PIXEL_DISK_RESERVE_MB": "900000000"}
        consumer.start()

        def mend():
            consumer.kill()
            consumer.more_environment = {}
            consumer.start()

        return mend


AGE = """
import json, os
from pathlib import Path
from tracking import verdict
from tracking.verdict import RULES
shipped = json.loads((Path(verdict.__file__).parent / "data/verdicts.json").read_text())
RULES.installed.parent.mkdir(exist_ok=True)
RULES.installed.write_text(json.dumps(shipped | {"date": "2020-01-01"}))
os.utime(RULES.installed, (1577836800, 1577836800))
"""
FORGET = """
from tracking.verdict import RULES
RULES.installed.unlink()
"""
