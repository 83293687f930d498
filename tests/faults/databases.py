"""What can be done to each database."""

import contextlib
import sqlite3

from tests.services import Service, listens, wait_until

try:
    import MySQLdb
except ImportError:  # then nothing here runs on MariaDB
    MySQLdb = None

QUARANTINED = "SELECT COUNT(*) FROM tracking_quarantinedhit"


class MySQL:
    def __init__(self, server, stack):
        self.server = server
        self.name = stack.environment["MYSQL_DATABASE"]

    def stop(self):
        self.server.kill()

    def start(self):
        Service.start(self.server)
        self.server.wait_for(lambda: listens(self.server.port))

    @contextlib.contextmanager
    def down(self):
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextlib.contextmanager
    def session(self):
        """A cursor of a connection of one's own, in a transaction."""
        connection = MySQLdb.connect(user="root", unix_socket=str(self.server.socket), db=self.name)
        try:
            yield connection.cursor()
        finally:
            connection.close()

    @contextlib.contextmanager
    def locked(self):
        """Whoever records anything waits; readers do not."""
        with self.session() as cursor:
            cursor.execute("SELECT id FROM campaigns_contact ORDER BY id FOR UPDATE")
            yield

    @contextlib.contextmanager
    def lock_wait_of(self, seconds: int):
        """How long a statement of a new connection waits for a lock."""
        with self.session() as cursor:
            cursor.execute("SELECT @@GLOBAL.innodb_lock_wait_timeout")
            [before] = cursor.fetchone()
            cursor.execute("SET GLOBAL innodb_lock_wait_timeout = %s", [seconds])
            try:
                yield
            finally:
                cursor.execute("SET GLOBAL innodb_lock_wait_timeout = %s", [before])

    def waiting(self) -> int:
        """Transactions that wait for a lock."""
        with self.session() as cursor:
            cursor.execute(
                "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
            )
            return cursor.fetchone()[0]

    def wait_until_waiting(self, transactions=1):
        wait_until(
            lambda: self.waiting() >= transactions,
            what=f"{transactions} transactions wait for a lock",
            every=0.25,  # asked more often than each 0.1 s, the table stays as it was
        )

    def quarantined(self) -> int:
        with self.session() as cursor:
            cursor.execute(QUARANTINED)
            return cursor.fetchone()[0]

    def mend(self):
        if self.server.process.poll() is not None:
            self.start()


class SQLite:
    def __init__(self, stack):
        self.path = stack.folder / "var" / "pixeltrack.sqlite3"

    @contextlib.contextmanager
    def locked(self):
        connection = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield
        finally:
            connection.close()

    down = locked  # it has no server that could be

    def wait_until_waiting(self):
        """It can't be asked. Whoever came to a transaction waits."""

    def quarantined(self) -> int:
        with contextlib.closing(sqlite3.connect(self.path, timeout=60)) as connection:
            return connection.execute(QUARANTINED).fetchone()[0]

    def mend(self):
        pass
