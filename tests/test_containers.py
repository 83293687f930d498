"""Containers without Docker do as Docker does, and leave nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.containers import namespaces
from tests.containers.compose import ComposeFile, seconds
from tests.containers.images import IMAGES, Image
from tests.containers.project import Project
from tests.services import GaveUp, bare_environment, survivors, wait_until

COMPOSE = """
services:
  store:
    image: shell:1
    command: [sh, -c, "touch /data/$${NAME}; exec sleep 1000"]
    environment: {NAME: "${GREETING:?is missing}"}
    networks: [inner]
    volumes: [data:/data]
    healthcheck: {test: [CMD, test, -e, /data/hello]}
    restart: always
    init: true
  once:
    image: shell:1
    command: [sh, -c, "getent hosts store > /data/found"]
    networks: [inner]
    volumes: [data:/data]
    depends_on: {store: {condition: service_healthy}}
  web:
    image: shell:1
    command: [sleep, "1000"]
    networks: [inner, outer]
    read_only: true
    user: "10001"
    tmpfs: ["/tmp:size=1m"]
    cap_drop: [ALL]
    deploy: {replicas: 2}
    init: true
    depends_on: {once: {condition: service_completed_successfully}}
  guest:
    image: shell:1
    command: [sleep, "1000"]
    networks: [outer]
networks: {inner: {internal: true}, outer: {}}
volumes: {data: {}}
"""
START = """
import sys
from pathlib import Path
from tests.test_containers import make_project
make_project(Path(sys.argv[1])).up()
print("up", flush=True)
sys.stdin.read()
"""


def make_project(folder: Path) -> Project:
    IMAGES["shell"] = Image("a shell")
    (folder / "compose.yml").write_text(COMPOSE)
    (folder / ".env").write_text("# a comment\nGREETING='hello'\n")
    return Project(ComposeFile(folder / "compose.yml", folder / ".env"), folder)


@pytest.fixture(scope="module")
def here():
    if why := namespaces.missing():
        pytest.skip(f"no containers here: {why}")


@pytest.fixture(scope="module")
def project(here, tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("containers"))
    yield project.up()
    project.close()


def names(container, name: str) -> list[str]:
    """The addresses that a program in the container finds behind a name."""
    script = f"getent ahostsv4 {name} | cut -d ' ' -f 1 | sort -u"
    return container.run("sh", "-c", script).split()


def test_services_start_when_what_they_depend_on_is_as_it_should_be(project):
    assert {each.name: each.status for each in project.containers.values()} == {
        "store-1": None,
        "once-1": 0,
        "web-1": None,
        "web-2": None,
        "guest-1": None,
    }
    # The one-shot has found the store that was healthy by then.
    found = (project.volume("data") / "found").read_text().split()
    assert found == [*project.resolve("store"), "store"]


def test_a_name_stands_for_all_replicas_in_the_networks_that_are_shared(project):
    store, guest = project.containers["store-1"], project.containers["guest-1"]
    inner = [project.containers[name].addresses["inner"] for name in ("web-1", "web-2")]
    outer = [project.containers[name].addresses["outer"] for name in ("web-1", "web-2")]
    assert names(store, "web") == sorted(inner)
    assert names(guest, "web") == sorted(outer)
    assert names(store, "web-2") == [inner[1]]
    assert names(guest, "store") == names(store, "nobody") == []


def test_a_container_sees_only_what_it_was_given(project):
    web = project.containers["web-1"]
    assert web.run("id", "-u").strip() == "10001"
    assert web.run("hostname").strip() == "web-1"
    assert "Read-only" in web.run("sh", "-c", "touch /srv/x 2>&1 || true")
    assert web.run("sh", "-c", "touch /tmp/x && ls /tmp").strip() == "x"
    assert web.run("sh", "-c", "ls /home /root /srv").split() == ["/home:", "/root:", "/srv:"]
    assert int(web.run("sh", "-c", "ls -d /proc/[0-9]* | wc -l")) < 8
    assert "CapEff:\t0000000000000000" in web.run("cat", "/proc/self/status")
    assert not Path("/run/netns/web-1").exists()


def test_what_crashes_is_started_again_and_what_is_killed_is_not(project):
    store, guest = project.containers["store-1"], project.containers["guest-1"]
    before = store.pid
    store.crash()
    wait_until(lambda: store.runs and store.pid != before, what="it is started again")
    assert names(project.containers["web-1"], "store") == [store.addresses["inner"]]
    guest.kill()
    assert guest.status != 0
    with pytest.raises(GaveUp):
        wait_until(lambda: guest.runs, within=0.5, what="it is started again")


def test_volumes_outlast_containers(project):
    project.down()
    assert project.containers == {}
    assert project.resolve("web") is None
    (project.volume("data") / "found").unlink()
    project.up()
    assert (project.volume("data") / "found").exists()
    assert (project.volume("data") / "hello").exists()


def test_when_the_tests_are_killed_nothing_is_left(here, tmp_path):
    mark = f"{os.environ['PIXELTRACK_TEST_RUN']}-killed"
    process = subprocess.Popen(
        [sys.executable, "-c", START, str(tmp_path)],
        env=bare_environment(PIXELTRACK_TEST_RUN=mark, DJANGO_SETTINGS_MODULE=""),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"up\n"
    assert len(survivors(mark)) >= 5
    process.kill()
    process.communicate()
    wait_until(lambda: not survivors(mark), within=10, what="all processes have ended")
    mounted = Path("/proc/self/mounts").read_text()
    assert str(tmp_path) not in mounted
    assert "10.83." not in subprocess.run(["ip", "addr"], capture_output=True, text=True).stdout


def test_durations_are_read_as_compose_does():
    assert [seconds(each) for each in ("1m30s", "500ms", "2h", 3)] == [90, 0.5, 7200, 3]
    with pytest.raises(AssertionError, match="no duration"):
        seconds("1 minute")
