"""An upgrade as docs/operations.md has it, under load: no hit is lost, none counts twice.

The old version is the oldest that may be upgraded, as the repository has it, with the packages
of today.
"""

import os
import signal
from contextlib import contextmanager

import pytest

from tests import old_version
from tests.conftest import needs
from tests.front_load import Load
from tests.nginx import NGINX
from tests.services import ROOT, wait_until
from tests.stack import answers

REPLICAS = ("web", "web-2")
PAUSE_S = 0.02  # between two hits of a client


@pytest.fixture(scope="module")
def old_code(folder):
    if not old_version.is_here():
        pytest.skip(f"commit {old_version.OLD[:7]}, the old version, is not in this repository")
    return old_version.unpack_old_version(folder)


@pytest.fixture(scope="module")
def site(database, old_code, stacks):
    """Everything of the old version, two replicas behind NGINX."""
    needs("nginx")
    settings = {"TRUSTED_PROXIES": "1", "WEB_CONCURRENCY": "1"}
    stack = stacks(database, name=f"upgrade_{database}", root=old_code, **settings)
    stack.start_web("web-2")
    stack.start_worker()
    stack.start_beat()
    ports = [stack.services[name].environment["PORT"] for name in REPLICAS]
    nginx = stack.services["nginx"] = NGINX(stack.folder, ports, static=stack.var).start()
    yield stack, nginx.url
    for name in ("nginx", "beat", "worker", *REPLICAS, "consumer"):
        stack.services[name].stop()


def stop(stack, *names: str):
    for name in names:
        assert stack.services[name].stop(within=30) == 0


def start_new(stack, *names: str):
    for name in names:
        stack.services[name].root = ROOT
        stack.services[name].start()


@contextmanager
def redis_frozen(stack):
    os.kill(stack.redis.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(stack.redis.process.pid, signal.SIGCONT)


def test_an_upgrade_under_load_loses_no_hit_and_counts_none_twice(site):
    stack, url = site
    load = Load(stack, url, pause_s=PAUSE_S)
    try:
        load.go_on(50)
        upgrade(stack, load)
        load.go_on(30)
    finally:
        load.end()
    assert all(each.process.poll() is None for each in stack.services.values())
    load.expect_each_counted_once()


def upgrade(stack, load: Load):
    # 1. The tables, and what a later version may add to them, while only old code is at work.
    stack.root = ROOT
    assert stack.shell("from tests.expansion import upgrade\nanswer = upgrade()")
    load.go_on(50)
    # 2. The consumer. The new one finds what old web processes packed, in Redis and on the disk.
    stop(stack, "consumer")
    with redis_frozen(stack):
        load.go_on(30)
    load.go_on(30)
    assert stack.waiting()
    assert any(stack.spool.glob("*.spool"))
    start_new(stack, "consumer")
    wait_until(lambda: not any(stack.spool.glob("*")), what="the spool is replayed")
    # 3. Web replicas, one after the other.
    for name in REPLICAS:
        stop(stack, name)
        start_new(stack, name)
        address = f"http://127.0.0.1:{stack.services[name].environment['PORT']}/healthz"
        stack.services[name].wait_for(lambda address=address: answers(address))
        load.go_on(30)
    # 4. Worker and beat, with something to do that was asked for meanwhile.
    stop(stack, "worker", "beat")
    contacts = [{"email": f"new-{number}@example.com"} for number in range(20)]
    campaign, group = load.mail.campaign, load.mail.group
    job = stack.post("/api/imports/", {"campaign": campaign, "group": group, "contacts": contacts})
    start_new(stack, "worker", "beat")
    path = f"/api/imports/{job['id']}/"
    wait_until(lambda: stack.get(path)["state"] == "done", what="the import is done")
