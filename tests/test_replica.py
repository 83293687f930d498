"""Figures are read from a replica of the database, in real replication; and never is it needed."""

import os
import signal
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from tests.conftest import needs
from tests.services import MariaDB, Service, listens, wait_until
from tests.stack import Stack
from tests.thorough import promised
from tests.wire import get
from tests.with_mariadb import HASTY

LOG = "SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = ON"
READ = "tracking_countedday"  # a table that statistics read, and nobody else does


class Primary(MariaDB):
    def __init__(self, folder):
        super().__init__(folder, *HASTY, "--log-bin", "--server-id=1", "--binlog-format=ROW")


class Replica(MariaDB):
    """Of a primary that has no database yet. Its user may read."""

    def __init__(self, folder, primary: Primary):
        super().__init__(folder, *HASTY, "--server-id=2", "--read-only")
        self.primary, self.user, self.password = primary, primary.user, primary.password

    def start(self):
        super().start()
        file, place, *_ = self.primary.run_sql("SHOW MASTER STATUS").split("\t")
        self.primary.run_sql(
            f"CREATE USER follower@'127.0.0.1' IDENTIFIED BY '{self.password}'; "
            "GRANT REPLICATION SLAVE ON *.* TO follower@'127.0.0.1'"
        )
        self.run_sql(
            f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {self.user}@'127.0.0.1'; "
            f"GRANT SELECT ON *.* TO {self.user}@'127.0.0.1'; "
            f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={self.primary.port}, "
            f"MASTER_USER='follower', MASTER_PASSWORD='{self.password}', "
            f"MASTER_LOG_FILE='{file}', MASTER_LOG_POS={place}, MASTER_CONNECT_RETRY=1; "
            "START SLAVE"
        )
        return self

    def start_again(self):
        Service.start(self)
        self.wait_for(lambda: listens(self.port))
        self.run_sql(LOG)


def asked(server: MariaDB, like: str) -> int:
    """How many statements of PixelTrack's it was sent, so far."""
    return int(
        server.run_sql(
            "SELECT COUNT(*) FROM mysql.general_log WHERE command_type IN ('Query', 'Execute') "
            f"AND user_host LIKE '{server.user}%' AND argument LIKE '%{like}%'"
        )
    )


def writes(server: MariaDB) -> int:
    return sum(asked(server, verb) for verb in ("INSERT INTO", "UPDATE `", "DELETE FROM"))


@pytest.fixture(scope="module")
def pair(folder):
    needs("mariadbd")
    pytest.importorskip("MySQLdb", reason="mysqlclient is missing here")
    places = [folder / name for name in ("primary", "replica")]
    for place in places:
        place.mkdir()
    primary = Primary(places[0])
    replica = Replica(places[1], primary)
    try:
        primary.start()
        replica.start()
        for server in (primary, replica):
            server.run_sql(LOG)
        yield primary, replica
    finally:
        for server in (replica, primary):
            server.stop()


@pytest.fixture(scope="module")
def house(pair, folder):
    primary, replica = pair
    place = folder / "replicated"
    place.mkdir()
    where = {"MYSQL_REPLICA_HOST": "127.0.0.1", "MYSQL_REPLICA_PORT": str(replica.port)}
    stack = Stack(place, mariadb=primary, WEB_CONCURRENCY="1", **where)
    try:
        yield stack.start()
    finally:
        stack.stop()


class Campaign:
    """One whose figures are asked for, and hits of it."""

    def __init__(self, stack: Stack):
        self.stack = stack
        self.id, self.pixels = stack.new_campaign(contacts=6, pixels=1)

    def figures(self) -> dict:
        return self.stack.get(f"/api/campaigns/{self.id}/statistics/")

    def openings(self) -> int:
        return self.figures()["openings"]["total"]

    def open_one(self) -> datetime:
        """Recorded when it returns, in the primary. When it was sent."""
        now = datetime.now(UTC)
        assert get(self.pixels.pop()["url"]).status_code == 200
        self.stack.settle()
        return now


@pytest.fixture(scope="module")
def campaign(house):
    return Campaign(house)


def is_asked_again(campaign: Campaign, replica: Replica) -> bool:
    before = asked(replica, READ)
    campaign.figures()
    return asked(replica, READ) > before


def as_of(answer: dict) -> datetime:
    return datetime.fromisoformat(answer["as_of"])


@contextmanager
def frozen(server: MariaDB):
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


def test_figures_come_from_the_replica_and_nothing_is_written_there(pair, house, campaign):
    primary, replica = pair
    campaign.open_one()
    wait_until(lambda: is_asked_again(campaign, replica), what="figures come from the replica")
    before = asked(primary, READ + "`.`stamp")
    wait_until(lambda: campaign.openings() == 1, what="the replica has the opening")
    assert campaign.figures()["groups"][0]["contacts"] == 6
    assert asked(primary, READ + "`.`stamp") == before
    house.get("/stats")
    assert asked(replica, "tracking_viewcell") > 0
    assert writes(replica) == 0 < writes(primary)


def test_figures_say_as_of_when_they_are(pair, campaign):
    _, replica = pair
    replica.run_sql("STOP SLAVE SQL_THREAD")
    try:
        opened = campaign.open_one()
        told = campaign.figures()
        assert told["openings"]["total"] == 1
        assert as_of(told) < opened
    finally:
        replica.run_sql("START SLAVE")
    wait_until(lambda: as_of(campaign.figures()) > opened, what="the replica has caught up")
    assert campaign.openings() == 2


def test_what_decides_reads_the_primary(pair, house, campaign):
    _, replica = pair
    group = campaign.figures()["groups"][0]["id"]
    before = asked(replica, READ)
    decided = house.post(f"/api/campaigns/{campaign.id}/decide/", {"group": group})
    assert decided["figures"]["groups"]
    assert asked(replica, READ) == before


def test_a_replica_far_behind_is_left_alone(pair, house, campaign):
    _, replica = pair
    replica.run_sql("STOP SLAVE SQL_THREAD")
    database = house.environment["MYSQL_DATABASE"]
    replica.run_sql(f"UPDATE {database}.tracking_replicamark SET at = at - INTERVAL 1 MINUTE")
    try:
        opened = campaign.open_one()
        told = campaign.figures()
        assert told["openings"]["total"] == 3
        assert as_of(told) > opened
    finally:
        replica.run_sql("START SLAVE")
    wait_until(lambda: is_asked_again(campaign, replica), what="the replica is asked again")


def test_a_replica_that_dies_costs_nobody_an_answer(pair, house, campaign):
    """It hangs, dies in the middle of an answer, refuses; and comes back."""
    _, replica = pair
    with frozen(replica):
        begun = datetime.now(UTC)
        assert campaign.openings() == 3
        promised((datetime.now(UTC) - begun).total_seconds(), within=2.5)
    wait_until(lambda: is_asked_again(campaign, replica), what="the replica is asked again")
    database = house.environment["MYSQL_DATABASE"]
    lock = f"LOCK TABLES {database}.{READ} WRITE; SELECT SLEEP(600)"
    command = ["mariadb", "--no-defaults", "-uroot", f"--socket={replica.socket}", "-e", lock]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as locking:
        locked = "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'"
        wait_until(lambda: replica.run_sql(locked) == "1\n", what="the table is locked")
        killing = subprocess.Popen(["sh", "-c", f"sleep 1; kill -9 {replica.process.pid}"])
        assert campaign.openings() == 3
        killing.wait()
        replica.kill()
        locking.kill()
    campaign.open_one()
    assert campaign.openings() == 4
    replica.start_again()
    wait_until(lambda: is_asked_again(campaign, replica), what="the replica is asked again")
    assert writes(replica) == 0
