"""Back up, destroy, restore, by the commands of docs/operations.md and of the README: what was
counted is counted, what was under way is counted afterwards, and mails that are out go on."""

import re
import shutil
import sys

import pytest
import redis

from tests.conftest import needs
from tests.documented import DOCKER, blocks_of, put_program, run, search_path
from tests.faults.mail import Mail
from tests.services import ROOT, Service
from tests.stack import PASSWORD, answers
from tests.wire import get
from tracking.reply import GIF

REDIS_ROOT = PASSWORD
OUR_PYTHON = f'#!/bin/sh\ncd {ROOT} && exec "$REAL_PYTHON" "$@"\n'


class Site:
    """Openings that are counted, and such as wait in the stream."""

    def __init__(self, stack):
        self.stack = stack
        self.mail = Mail(stack, contacts=4, pixels=2)
        self.opened = self.fetch(self.mail.hits(2))
        stack.settle()

    def fetch(self, hits) -> list:
        for pixel, reader in hits:
            reply = get(pixel["url"], headers={"User-Agent": reader})
            assert (reply.status_code, reply.content) == (200, GIF)
        return hits

    def fetch_more(self, reader: str) -> list:
        hits = [(pixel, reader) for pixel in self.mail.pixels]
        self.opened += self.fetch(hits)
        return hits

    def stop_consumer(self):
        assert self.stack.services["consumer"].stop() == 0

    def expect_all_counted(self):
        self.stack.services["consumer"].start()
        self.stack.settle()
        self.mail.expect(self.opened)


@pytest.fixture(scope="module")
def site(stacks):
    return Site(stacks("mysql", name="restored"))


@pytest.fixture
def shell(site, tmp_path):
    """Runs such commands where they find these stores in the place of containers."""
    stack, programs = site.stack, tmp_path / "programs"
    put_program(programs, "docker", DOCKER)
    put_program(programs, "python", OUR_PYTHON)
    ours = {
        "redis-cli": f"-s {stack.redis.socket}",
        "mysql": f"--no-defaults --socket={stack.mariadb.socket}",
        "mysqldump": f"--no-defaults --socket={stack.mariadb.socket}",
    }
    for name, place in ours.items():
        put_program(
            programs, name, f'#!/bin/sh\nunset MYSQL_HOST\nexec {needs(name)} {place} "$@"\n'
        )
    with redis.Redis.from_url(stack.redis.url) as connection:
        connection.acl_setuser(
            "root", enabled=True, passwords=[f"+{REDIS_ROOT}"], categories=["+@all"], keys=["*"]
        )
    environment = stack.environment | {
        "PATH": search_path(programs),
        "REAL_PYTHON": sys.executable,
        "MYSQL_ROOT_PASSWORD": "",
        "REDIS_ROOT_PASSWORD": REDIS_ROOT,
    }
    return lambda *commands: run("\n".join(commands), tmp_path, environment)


def test_a_database_that_was_destroyed_is_restored_with_what_was_under_way(site, shell):
    needs("mysqldump")
    [dump, _, *restore, _] = blocks_of("docs/operations.md", "Back up and restore")
    assert "mysqldump" in dump
    shell(dump)
    lost = site.fetch([(pixel, "After the dump") for pixel in site.mail.pixels])
    site.stack.settle()
    site.stop_consumer()
    site.fetch_more("In the stream")
    assert site.stack.waiting()
    assert len(restore) == 3
    shell(restore[0])  # makes the database anew, and fills it
    assert {each["user_agent"] for each in site.mail.openings()} == {"reader 0", "reader 1"}
    shell(restore[1])  # makes the filter forget
    printed = shell(restore[2])
    assert "Counts differ: 0" in printed
    # Whose opening was recorded after the dump opens once more: no refresh of what nobody knows.
    site.opened += site.fetch(lost)
    site.expect_all_counted()
    shell(restore[2])


def test_redis_on_a_new_machine_has_what_waited(site, tmp_path):
    server = site.stack.redis
    site.stop_consumer()
    site.fetch_more("Before the move")
    assert site.stack.waiting()
    server.kill()
    data = site.stack.folder / "redis"
    shutil.copytree(data / "appendonlydir", tmp_path / "appendonlydir")
    shutil.rmtree(data)
    site.fetch_more("While it was away")
    data.mkdir()
    shutil.copytree(tmp_path / "appendonlydir", data / "appendonlydir")
    Service.start(server)
    server.wait_for(server.answers)
    site.expect_all_counted()


def forget_by_the_docs(stack, folder):
    """The last lines of the section, about SQLite's own Redis."""
    command = blocks_of("docs/operations.md", "Back up and restore")[-1]
    (folder / ".venv").mkdir()
    put_program(folder / ".venv/bin", "python", OUR_PYTHON)
    run(command, folder, stack.environment | {"REAL_PYTHON": sys.executable})


def test_a_copy_of_sqlite_takes_the_place_of_the_database(stacks, tmp_path):
    site = Site(stacks("sqlite", name="restored_sqlite"))
    stack = site.stack
    [line] = re.findall(r"^  `(rm -f .*VACUUM INTO.*)`$", (ROOT / "README.md").read_text(), re.M)
    for _ in range(2):  # as from day to day
        run(line, stack.folder, stack.environment)
    assert (stack.folder / "copy.sqlite3").exists()
    lost = site.fetch([(pixel, "After the copy") for pixel in site.mail.pixels])
    stack.settle()
    site.stop_consumer()
    site.fetch_more("In the stream")
    assert stack.services["web"].stop() == 0
    for path in stack.var.glob("pixeltrack.sqlite3*"):
        path.unlink()
    (stack.folder / "copy.sqlite3").rename(stack.var / "pixeltrack.sqlite3")
    web = stack.services["web"].start()
    web.wait_for(lambda: answers(stack.url + "/healthz"))
    forget_by_the_docs(stack, tmp_path)
    # Whose opening was recorded after the copy opens once more, as after a dump.
    site.opened += site.fetch(lost)
    site.expect_all_counted()
