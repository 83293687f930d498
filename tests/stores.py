"""MySQL's and Redis' part of docker-compose.yml on this machine: the files in `stores/`, MariaDB in
the place of MySQL, and a folder and a port of their own."""

import getpass
import subprocess
from pathlib import Path

import redis

from tests.services import Service, bare_environment, find, free_port, listens, wait_until

STORES = Path(__file__).parent.parent / "stores"
USERS = {"root": "REDIS_ROOT_PASSWORD", "pixeltrack": "REDIS_PASSWORD"}
USERS["exporter"] = "REDIS_EXPORTER_PASSWORD"


def wait_until_written(client: redis.Redis):
    """Until what this Redis has answered is in its file: with `appendfsync everysec` it holds
    writes back for up to two seconds while the disk is busy with a sync."""
    wait_until(
        lambda: not client.info("persistence")["aof_buffer_length"],
        what="Redis has written what it held back",
    )


class StoredRedis(Service):
    def __init__(self, folder: Path, secrets: dict[str, str]):
        self.port, self.secrets = free_port(), secrets
        self.users, data = folder / "users.acl", folder / "redis-data"
        data.mkdir()
        own = f"--port {self.port} --bind 127.0.0.1".split()
        places = {"REDIS_USERS_FILE": str(self.users), "REDIS_DATA_DIR": str(data)}
        environment = bare_environment(**places, **secrets)
        command = ["sh", STORES / "redis" / "start.sh", *own]
        super().__init__("stored-redis", command, folder, environment)

    def start(self):
        super().start()
        return self.wait_for(lambda: listens(self.port))

    def client(self, user: str) -> redis.Redis:
        password = self.secrets[USERS[user]]
        return redis.Redis(port=self.port, username=user, password=password)


class StoredMariaDB(Service):
    def __init__(self, folder: Path, secrets: dict[str, str], database="pixeltrack"):
        self.port, self.secrets, self.database = free_port(), secrets, database
        self.data, self.socket = folder / "stored-mariadb", folder / "stored-mariadb.sock"
        temporary = folder / "stored-mariadb-tmp"
        temporary.mkdir()
        settings = f"--defaults-file={STORES}/mysql/pixeltrack.cnf"
        self.us = f"--user={getpass.getuser()}"  # mariadbd as root wants to be told so
        own = f"{self.us} --datadir={self.data} --socket={self.socket} --port={self.port} "
        own += f"--bind-address=127.0.0.1 --tmpdir={temporary} --pid-file={folder}/stored.pid "
        own += "--innodb-buffer-pool-size=128M"
        command = [find("mariadbd"), settings, *own.split()]
        super().__init__("stored-mariadb", command, folder, bare_environment())

    def start(self):
        """As MySQL's image has it at the first start: root has a password, then come the users."""
        install = [find("mariadb-install-db"), "--no-defaults", f"--datadir={self.data}"]
        install += [self.us, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(install, check=True, capture_output=True, env=bare_environment())
        super().start()
        self.wait_for(lambda: listens(self.port))
        root = [find("mariadb"), "--no-defaults", "-uroot", f"--socket={self.socket}"]
        change = f"ALTER USER root@localhost IDENTIFIED BY '{self.secrets['MYSQL_ROOT_PASSWORD']}'"
        subprocess.run([*root, "-e", change], check=True, env=bare_environment())
        self.make_users()
        return self

    def make_users(self, **changed: str):
        environment = bare_environment(MYSQL_DATABASE=self.database, **self.secrets | changed)
        make = [STORES / "mysql" / "users.sh", f"--socket={self.socket}"]
        subprocess.run(make, check=True, env=environment)

    def ask(self, user: str, password: str, *statements: str) -> str:
        """What comes back, a row a line; CalledProcessError with what the server objects to."""
        command = [find("mariadb"), "--no-defaults", "-h127.0.0.1", f"-P{self.port}", f"-u{user}"]
        done = subprocess.run(
            [*command, "--batch", "--skip-column-names", "-e", "; ".join(statements)],
            check=True,
            capture_output=True,
            text=True,
            env=bare_environment(MYSQL_PWD=password),
        )
        return done.stdout.strip()
