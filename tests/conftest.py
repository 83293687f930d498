"""Whole-system tests: each runs against real processes, on SQLite and on MariaDB.

A stack is started when the first test asks for it and serves all tests of the session, so a
test makes the campaign that it looks at.
"""

import logging
import os
import secrets
import sys
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests import canary
from tests.browsing import BROWSERS, line_of, sign_in, start_browser
from tests.containers import namespaces
from tests.faults.points import FOLDER, Points
from tests.front import Front, addresses, client_from
from tests.services import MARK, PATIENCE, MariaDB, Service, find, survivors
from tests.stack import Stack
from tests.thorough import THOROUGH
from tests.whole_stack import WholeStack

# It begins with that of tests/run, whose own helpers are not for us to count.
os.environ[MARK] = f"{os.environ.get(MARK, '')}-{secrets.token_hex(8)}"
logging.getLogger("httpx").setLevel(logging.WARNING)  # a line per request, in every failure
ALL_LOGS = canary.make_folder()
WHOLE_STACK_NEEDS = (
    *("mariadbd", "redis-server", "nginx", "prometheus", "prometheus-mysqld-exporter"),
    *("prometheus-redis-exporter", "prometheus-nginx-exporter", "curl", "wget"),
)
PATIENCE_MS = PATIENCE * 1000  # on a busy machine a page takes its time
expect.set_options(timeout=PATIENCE_MS)
LOGS = pytest.StashKey[dict]()
DATABASES = os.environ.get("TEST_DATABASES", "sqlite mysql").split()
EITHER = [("mysql", "lane"), ("sqlite", "plain")]
if THOROUGH:
    EITHER += [("mysql", "plain"), ("sqlite", "lane")]


def needs(*programs: str) -> str:
    """The path of the first of these that is here; else the test doesn't run, and says so."""
    found = next(filter(None, map(find, programs)), None)
    return found or pytest.skip(f"{programs[0]} is missing here")


@pytest.fixture(scope="session")
def folder():
    # Not pytest's own: its names would make the paths of the sockets too long.
    with tempfile.TemporaryDirectory(prefix="pixeltrack-") as path:
        yield Path(path)


@pytest.fixture(scope="session")
def mariadb(folder):
    needs("mariadbd")
    pytest.importorskip("MySQLdb", reason="mysqlclient is missing here")
    server = MariaDB(folder)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def stacks(request, folder):
    """The stacks by name, each made when it is first asked for: "sqlite", "mysql-plain" …"""
    running: dict[str, Stack] = {}
    talking = request.session.stash.setdefault(LOGS, {})

    def stack(database: str, *, lane=True, name="", **settings) -> Stack:
        name = name or f"{database}_{'lane' if lane else 'plain'}"
        if name not in running:
            mariadb = request.getfixturevalue("mariadb") if database == "mysql" else None
            place = folder / name
            place.mkdir()
            talking[name] = running[name] = Stack(place, mariadb=mariadb, lane=lane, **settings)
            running[name].start()
        return running[name]

    yield stack
    problems = []
    for one in running.values():
        try:
            one.stop()
        except AssertionError as problem:
            problems.append(str(problem))
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="session", params=DATABASES)
def database(request):
    if request.param == "mysql":
        request.getfixturevalue("mariadb")
    return request.param


@pytest.fixture(scope="session")
def stack(database, stacks):
    """A whole PixelTrack, once on each database."""
    return stacks(database)


@pytest.fixture(scope="session", params=EITHER, ids="-".join)
def either(request, stacks):
    """A whole PixelTrack, on each database and with PIXEL_LANE on and off."""
    database, way = request.param
    return stacks(database, lane=way == "lane")


@pytest.fixture(scope="session")
def front(stack):
    """Three replicas on the stack, behind NGINX."""
    needs("nginx")
    front = Front(stack)
    yield front
    front.end()


@pytest.fixture(scope="session")
def whole_stack(request):
    """All that docker-compose.yml names, in containers without Docker."""
    if why := namespaces.missing():
        pytest.skip(f"no containers here: {why}")
    for program in WHOLE_STACK_NEEDS:
        needs(program)
    # Not in the folder of the other stacks: it takes its own away.
    stack = WholeStack(Path(tempfile.mkdtemp(prefix="pixeltrack-")))
    request.session.stash.setdefault(LOGS, {})["compose"] = stack
    try:
        yield stack.start()
    finally:
        stack.close()


@pytest.fixture
def client(front):
    """A client with an address of its own."""
    with client_from(next(addresses), front.url) as client:
        yield client


@pytest.fixture(scope="session")
def browser():
    path = needs(*BROWSERS)
    with sync_playwright() as playwright, start_browser(playwright, path) as chromium:
        yield chromium


@pytest.fixture(scope="session")
def sqlite(stacks):
    """For what is not about the database."""
    return stacks("sqlite")


@pytest.fixture(scope="session")
def signed_in(browser, sqlite):
    """The cookies of somebody who is signed in."""
    with browser.new_context() as context:
        sign_in(context.new_page(), f"{sqlite.url}/admin/login/?next=/admin/")
        return context.storage_state()


@pytest.fixture
def page(browser):
    """A page in a window of its own: no cookies, an empty cache."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def clean(page):
    """The page, which must load without an error in the console and without a failed request."""
    problems = []
    page.on("console", lambda said: said.type != "error" or problems.append(line_of(said)))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda request: problems.extend(failure_of(request)))
    yield page
    assert problems == []


def failure_of(request) -> list[str]:
    """What the browser itself breaks off, to go to another page or to save a file, is none."""
    return [] if request.failure == "net::ERR_ABORTED" else [f"{request.failure}: {request.url}"]


@pytest.fixture
def points(tmp_path):
    return Points(tmp_path)


@pytest.fixture
def celery(points):
    """Starts `celery` on a stack: an application and what it is to do; all end with the test."""
    started = []

    def start(stack: Stack, name: str, application: str, *arguments: str) -> Service:
        command = [sys.executable, "-m", "celery", "-q", "-A", application, *arguments]
        environment = stack.environment | {FOLDER: str(points.folder)}
        started.append(Service(name, command, stack.folder, environment).start())
        return started[-1]

    yield start
    for service in started:
        service.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows what the processes said meanwhile."""
    report = yield
    if report.failed:
        for stack in item.session.stash.get(LOGS, {}).values():
            for name, text in stack.logs().items():
                if text:
                    title = f"{stack.folder.name}/{name}"
                    report.sections.append((title, "\n".join(text.splitlines()[-40:])))
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    """No process may outlive the tests, and no log of theirs may tell of anybody."""
    logs, found = canary.scan(ALL_LOGS)
    if found:
        print(f"\nAmong {logs} logs are such that hold what no log may:", *found, sep="\n  ")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if left := survivors():
        print("\nProcesses outlived the tests:", *left, sep="\n  ")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
