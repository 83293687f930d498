"""What docker compose gives MySQL and Redis: they keep what they have, and let each in for its
own."""

import re
import subprocess
from secrets import token_urlsafe

import pytest
import redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError
from redis.retry import Retry

from pixeltrack.bootstrap import STORE_SECRETS
from tests.conftest import needs
from tests.stores import StoredMariaDB, StoredRedis, wait_until_written

SECRETS = {name: token_urlsafe(24) for name in STORE_SECRETS if name[0] in "MR"}
SECRETS["MYSQL_GRAFANA_PASSWORD"] = r"it's \ 100% «fine»"


@pytest.fixture(scope="module")
def stored_redis(folder):
    needs("redis-server")
    secrets = {name: value for name, value in SECRETS.items() if name.startswith("REDIS")}
    server = StoredRedis(folder, secrets)
    yield server.start()
    server.stop()


@pytest.fixture(scope="module")
def database(folder):
    needs("mariadbd")
    secrets = {name: value for name, value in SECRETS.items() if name.startswith("MYSQL")}
    server = StoredMariaDB(folder, secrets, database="pixel_track")
    yield server.start()
    server.stop()


# -- Redis ---------------------------------------------------------------------------------------
def test_redis_keeps_what_it_has(stored_redis):
    with stored_redis.client("root") as root:
        kept = root.config_get("append*", "maxmemory*", "save")
    assert (kept["appendonly"], kept["appendfsync"]) == ("yes", "everysec")
    assert (kept["maxmemory-policy"], kept["maxmemory"]) == ("noeviction", str(2**30))
    assert kept["save"] == ""


def test_redis_has_what_scripts_and_transactions_wrote_after_it_was_killed(stored_redis):
    script = "redis.call('XADD', KEYS[1], '*', 'hit', 1); return redis.call('SET', KEYS[2], 1)"
    with stored_redis.client("pixeltrack") as program:
        program.eval(script, 2, "{a}:stream", "{a}:filter")
        with program.pipeline(transaction=True) as pipeline:
            pipeline.set("{a}:one", 1)
            pipeline.set("{a}:two", 2)
            pipeline.execute()
    with stored_redis.client("root") as root:
        wait_until_written(root)
    stored_redis.kill()
    stored_redis.start()
    with stored_redis.client("pixeltrack") as program:
        assert program.xlen("{a}:stream") == 1
        assert program.mget("{a}:filter", "{a}:one", "{a}:two") == [b"1", b"1", b"2"]
        program.delete("{a}:stream", "{a}:filter", "{a}:one", "{a}:two")
    assert "CRITICAL" not in stored_redis.text()


def test_nobody_comes_in_without_a_password(stored_redis):
    once = {"port": stored_redis.port, "retry": Retry(NoBackoff(), 0)}
    with redis.Redis(**once) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()
    for password in SECRETS.values():
        with redis.Redis(password=password, **once) as user, pytest.raises(AuthenticationError):
            user.ping()


def test_the_file_of_users_holds_no_password(stored_redis):
    text = stored_redis.users.read_text()
    assert text.count(" on #") == 3
    assert not [name for name, value in SECRETS.items() if value in text]
    assert stored_redis.users.stat().st_mode & 0o077 == 0


def test_the_program_may_do_what_it_does(stored_redis):
    """What Redis counted while whole-system tests ran, Celery's part of it included, and what comes
    up where something goes wrong."""
    calls = """
        HELLO 3|AUTH pixeltrack x|SELECT 0|CLIENT SETNAME x|PING|TIME|QUIT
        INFO memory|INFO server|CONFIG GET appendonly|CONFIG GET maxmemory-policy|MEMORY USAGE k
        GET k|SET k v PX 1|SET k v NX EX 1|DEL k|EXISTS k|TTL k|PTTL k|EXPIRE k 1|PEXPIRE k 1|INCR k
        INCRBY k 1|MGET k|UNLINK k|SCAN 0|TYPE k
        EVAL x 0|EVALSHA x 0|SCRIPT LOAD x|SCRIPT EXISTS x|MULTI|EXEC|WATCH k|UNWATCH|WAIT 1 0
        XADD k * f v|XLEN k|XRANGE k - +|XDEL k 1-1|XACK k g 1-1|XPENDING k g|XINFO GROUPS k
        XGROUP CREATE k g 0|XGROUP DELCONSUMER k g c|XAUTOCLAIM k g c 0 0|XINFO STREAM k
        XREADGROUP GROUP g c STREAMS k >
        BRPOP k 1|LPUSH k v|RPUSH k v|RPOP k|LLEN k|LREM k 1 v|HSET k f v|HGET k f|HDEL k f
        SADD k v|SREM k v|SMEMBERS k|ZADD k 1 v|ZREM k v|ZRANGE k 0 1|ZRANGEBYSCORE k 0 1
        ZREVRANGEBYSCORE k 1 0|PUBLISH c v|SUBSCRIBE c|PSUBSCRIBE c|PUNSUBSCRIBE c|UNSUBSCRIBE c
    """
    with stored_redis.client("root") as root:
        for call in filter(None, re.split(r"\s*[|\n]\s*", calls)):
            answer = root.execute_command("ACL", "DRYRUN", "pixeltrack", *call.split())
            assert answer in (b"OK", "OK"), f"{call}: {answer}"


@pytest.mark.parametrize(
    "command",
    [
        "CONFIG SET appendonly no",
        "CONFIG REWRITE",
        "FLUSHALL",
        "FLUSHDB",
        "KEYS *",
        "ACL LIST",
        "ACL SETUSER pixeltrack +@all",
        "SHUTDOWN NOSAVE",
        "REPLICAOF NO ONE",
        "MONITOR",
        "SAVE",
        "BGREWRITEAOF",
        "CLIENT KILL TYPE normal",
        "SWAPDB 0 1",
        "SCRIPT FLUSH",
        "MODULE LIST",
        "MIGRATE h 1 k 0 1",
        "RESTORE k 0 x",
        "FUNCTION FLUSH",
    ],
)
def test_neither_the_program_nor_the_exporter_may(stored_redis, command):
    for user in ("pixeltrack", "exporter"):
        with stored_redis.client(user) as client, pytest.raises(NoPermissionError):
            client.execute_command(*command.split())


@pytest.mark.parametrize("command", ["GET k", "SET k v", "XLEN k", "EVAL 1 0", "MEMORY USAGE k"])
def test_the_exporter_sees_no_data(stored_redis, command):
    with stored_redis.client("exporter") as client, pytest.raises(NoPermissionError):
        client.execute_command(*command.split())


def test_a_password_that_is_missing_ends_the_start(tmp_path):
    server = StoredRedis(tmp_path, {"REDIS_PASSWORD": "x", "REDIS_ROOT_PASSWORD": "y"})
    with pytest.raises(AssertionError, match="REDIS_EXPORTER_PASSWORD"):
        server.start()


# -- MySQL ---------------------------------------------------------------------------------------
def test_the_database_keeps_what_it_has(database):
    asked = ["innodb_flush_log_at_trx_commit", "sync_binlog", "log_bin", "character_set_server"]
    question = f"SELECT @@{', @@'.join(asked)}"
    answer = database.ask("pixeltrack", SECRETS["MYSQL_PASSWORD"], question)
    assert answer.split("\t") == ["1", "1", "1", "utf8mb4"]


def test_the_program_may_do_anything_with_its_database_and_nothing_else(database):
    password = SECRETS["MYSQL_PASSWORD"]
    assert database.ask("pixeltrack", password, "SHOW DATABASES").split() == [
        "information_schema",
        "pixel_track",
        "pixel_track_grafana",
    ]
    database.ask(
        *("pixeltrack", password, "USE pixel_track", "CREATE TABLE mails (id int, address text)"),
        *("INSERT INTO mails VALUES (7, 'ada@example.com')", "ALTER TABLE mails ADD at datetime"),
        "CREATE OR REPLACE VIEW pixel_track_grafana.mails AS SELECT id FROM mails",
    )
    for forbidden in (
        "CREATE DATABASE other",
        "CREATE DATABASE pixelXtrack",
        "CREATE TABLE pixel_track_grafana.own (id int)",
        "SELECT * FROM mysql.user",
        "CREATE USER eve",
        "SET GLOBAL max_connections = 1",
    ):
        with pytest.raises(subprocess.CalledProcessError):
            database.ask("pixeltrack", password, forbidden)


def test_grafana_sees_views_and_no_table(database):
    password = SECRETS["MYSQL_GRAFANA_PASSWORD"]
    database.ask(
        *("pixeltrack", SECRETS["MYSQL_PASSWORD"], "USE pixel_track"),
        *("CREATE OR REPLACE TABLE seen (id int)", "INSERT INTO seen VALUES (8)"),
        "CREATE OR REPLACE VIEW pixel_track_grafana.seen AS SELECT id FROM seen",
    )
    assert database.ask("grafana", password, "SELECT * FROM pixel_track_grafana.seen") == "8"
    for forbidden in (
        "SELECT * FROM pixel_track.seen",
        "DELETE FROM pixel_track_grafana.seen",
        "DROP VIEW pixel_track_grafana.seen",
        "CREATE VIEW pixel_track_grafana.all_of_it AS SELECT 1",
    ):
        with pytest.raises(subprocess.CalledProcessError):
            database.ask("grafana", password, forbidden)


def test_the_exporter_sees_the_server_and_no_data(database):
    password = SECRETS["MYSQL_EXPORTER_PASSWORD"]
    allowed = ("SHOW GLOBAL STATUS", "SHOW MASTER STATUS", "SHOW PROCESSLIST")
    assert database.ask("exporter", password, *allowed)
    assert database.ask(
        "exporter", password, "SELECT COUNT(*) FROM performance_schema.threads"
    ).isdigit()
    with pytest.raises(subprocess.CalledProcessError):
        database.ask("exporter", password, "SELECT * FROM pixel_track.mails")
    assert "pixel_track" not in database.ask("exporter", password, "SHOW DATABASES")


def test_nobody_comes_in_with_anothers_password(database):
    with pytest.raises(subprocess.CalledProcessError):
        database.ask("grafana", SECRETS["MYSQL_EXPORTER_PASSWORD"], "SELECT 1")
    with pytest.raises(subprocess.CalledProcessError):
        database.ask("pixeltrack", "", "SELECT 1")


def test_a_password_is_changed_by_making_the_users_again(database):
    database.make_users(MYSQL_EXPORTER_PASSWORD="another-one")
    assert database.ask("exporter", "another-one", "SELECT 1") == "1"
    database.make_users()
    assert database.ask("exporter", SECRETS["MYSQL_EXPORTER_PASSWORD"], "SELECT 1") == "1"
