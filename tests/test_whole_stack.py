"""docker-compose.yml, started as it is: from logging in to the figures, and what may happen to it.

Docker, and a few images, can't be had here: tests/containers/images.py says what stands in for
them.
"""

import re
from pathlib import Path

from tests.faults.mail import Mail
from tests.front_load import Load, Page
from tests.services import wait_until
from tests.whole_stack import CLIENTS
from tests.wire import GMAIL, THUNDERBIRD
from tracking.reply import GIF

APPLE = "Mozilla/5.0"
LIST = b"email,name\n" + b"".join(b"import-%d@example.com,Name %d\n" % (n, n) for n in range(200))
PIXEL = re.compile(r"A live pixel +(\S+)")
OURS = {"web": 3, "consumer": 2, "worker": 1, "beat": 1}
LASTING = {**OURS, "mysql": 1, "redis": 1, "nginx": 1, "prometheus": 1}


# -- What runs -----------------------------------------------------------------------------------
def test_all_of_it_runs_but_for_what_can_not_be_had_here(whole_stack, capsys):
    compose = whole_stack.compose
    with capsys.disabled():
        print("\nContainers without Docker, of docker-compose.yml:")
        for name, image in sorted(compose.images.items()):
            print(f"  {name}: {image.stands_in}")
        for name, why in compose.left_out.items():
            print(f"  not run: {name}: {why}")
    assert compose.left_out.keys() == {"grafana", "cadvisor"}
    for name, count in LASTING.items():
        assert [each.runs for each in compose.of(name)] == [True] * count
    assert {name for name in compose.services if not compose.of(name)} == {"grafana", "cadvisor"}


def test_each_container_has_no_more_power_than_compose_leaves_it(whole_stack):
    for container in whole_stack.compose.containers.values():
        if container.runs:
            status = Path(f"/proc/{container.main_pid}/status").read_text()
            assert "CapBnd:\t0000000000000000\n" in status, container.name
            assert re.search(r"^NoNewPrivs:\t1$", status, re.M), container.name
            uids = re.search(r"^Uid:\t(\d+)\t(\d+)", status, re.M).groups()
            assert "0" not in uids, container.name
            written = container.run("sh", "-c", "touch /etc/x /srv/x 2>&1 || true")
            assert written.count("Read-only file system") == 2, container.name


# -- The story -----------------------------------------------------------------------------------
def test_a_campaign_from_the_login_to_its_figures(whole_stack):
    campaign = whole_stack.post(
        "/api/campaigns/",
        {"name": "Whole story", "pixels_per_contact": 2, "group_names": ["plain", "bold"]},
    )["id"]
    plain, bold = whole_stack.all("/api/groups/", campaign=campaign, ordering="id")
    rows = [
        {"group": group["id"], "email": f"{name}@example.com"}
        for group, name in ((plain, "ada"), (plain, "bob"), (bold, "cyd"))
    ]
    whole_stack.post("/api/contacts/bulk/", {"contacts": rows})
    pixels = whole_stack.all("/api/pixels/", campaign=campaign)
    assert len(pixels) == 6
    assert all(pixel["url"].startswith("http://127.0.0.1:8000/p/") for pixel in pixels)
    for address, agent in zip(CLIENTS[1:4], (THUNDERBIRD, GMAIL, "curl/8"), strict=True):
        with whole_stack.client_from(address) as client:
            for pixel in pixels:
                for _ in range(2):  # the second is a refresh
                    reply = client.get(pixel["url"], headers={"User-Agent": agent})
                    assert (reply.status_code, reply.content) == (200, GIF)
    whole_stack.settle()
    figures = whole_stack.get(f"/api/campaigns/{campaign}/statistics/")
    assert figures["openings"] == {"total": 18, "human": 6, "proxy": 6, "machine": 6}
    assert figures["mail_opens"]["total"] == 9
    assert figures["opened_contacts"] == {"any": 3, "verified": 3}
    assert [group["openings"]["total"] for group in figures["groups"]] == [12, 6]

    page = Page(whole_stack)
    with whole_stack.client_from(CLIENTS[4]) as client:
        for visitor in ("one", "two", "two"):
            assert client.post("/track", json=page.view(visitor)).status_code == 202
        assert client.get("/t.gif", params=page.view("three")).content == GIF
    wait_until(lambda: page.counted() == (4, 3), what="the page views are counted")

    reply = whole_stack.client.post(
        "/api/imports/",
        data={"campaign": campaign, "group": bold["id"]},
        files={"file": ("list.csv", LIST)},
    )
    assert reply.status_code == 201, reply.text
    job = f"/api/imports/{reply.json()['id']}/"
    done = wait_until(
        lambda: (told := whole_stack.get(job))["state"] == "done" and told, what="the import"
    )
    assert done["rows"] == 200
    assert len(whole_stack.all("/api/contacts/", group=bold["id"])) == 201


def test_prepare_logs_a_live_pixel_and_no_password_and_may_run_again(whole_stack):
    first = whole_stack.compose.logs("prepare")
    assert whole_stack.password not in first
    url = PIXEL.search(first)[1]
    before = counts(whole_stack)
    whole_stack.compose.containers["prepare-1"].start()
    whole_stack.compose.up("prepare")
    assert counts(whole_stack) == before
    reply = whole_stack.client.get(url, headers={"User-Agent": THUNDERBIRD})
    assert (reply.status_code, reply.content) == (200, GIF)
    wait_until(
        lambda: counts(whole_stack)["tracking_opening"] == before["tracking_opening"] + 1,
        what="the opening of the logged pixel is recorded",
    )


def counts(stack) -> dict[str, int]:
    tables = ("accounts_user", "campaigns_campaign", "campaigns_contact", "tracking_opening")
    return {table: stack.sql(f"SELECT COUNT(*) FROM {table}")[0][0] for table in tables}


# -- What the host can reach ---------------------------------------------------------------------
def test_what_is_for_inside_is_not_reached_through_nginx(whole_stack):
    assert whole_stack.client.get("/healthz").status_code == 200
    for port in (80, 8000):
        for path in ("/metrics", "/stub_status"):
            reply = whole_stack.client.get(f"http://127.0.0.1:{port}{path}")
            assert reply.status_code == 404, f"{port}{path}"
    ports = {
        port
        for service in whole_stack.compose.services.values()
        for port in service.entry.get("ports", [])
    }
    assert {port.rpartition(":")[2] for port in ports} == {"80", "8000", "3000"}
    nginx = whole_stack.compose.containers["nginx-1"]
    for store in ("mysql", "redis", "prometheus"):  # they share no network
        assert whole_stack.compose.resolve(store, nginx) is None


# -- What may happen -----------------------------------------------------------------------------
def test_a_replica_and_a_consumer_that_die_under_load_lose_nothing(whole_stack):
    with whole_stack.reached():  # and so what it starts
        address, port = whole_stack.published(80)
        load = Load(whole_stack, f"http://{address}:{port}", addresses=CLIENTS[5:8])
    containers = whole_stack.compose.containers
    try:
        load.go_on(200)
        containers["web-2"].crash()
        containers["consumer-1"].crash()
        load.go_on(300)
        whole_stack.compose.up()  # they have started again, and are well
        consumers = whole_stack.compose.of("consumer")
        before = [recorded_by(each) for each in consumers]
        wait_until(
            lambda: all(
                recorded_by(each) > then for each, then in zip(consumers, before, strict=True)
            ),
            what="both consumers record",
            every=1,
        )
    finally:
        load.end()
    load.expect_each_counted_once()


def recorded_by(container) -> float:
    told = container.run("python", "-c", ASK_METRICS)
    found = re.findall(r"^pixeltrack_recorded_hits_total\{.*\} (\S+)$", told, re.M)
    return sum(map(float, found))


ASK_METRICS = "from urllib.request import urlopen as u; print(u('http://127.0.0.1:9100/metrics').read().decode())"


def test_it_goes_down_in_time_and_comes_up_with_all_that_it_had(whole_stack):
    mail = Mail(whole_stack, pixels=3)
    top, middle, bottom = mail.pixels
    fetch(whole_stack, top)
    whole_stack.settle()
    before = counts(whole_stack)
    for store in ("redis", "mysql"):
        whole_stack.compose.of(store)[0].kill()
    fetch(whole_stack, middle)
    assert any(path.stat().st_size for path in whole_stack.spool.iterdir())
    ended = list(whole_stack.compose.containers.values())
    whole_stack.compose.down()
    # Exporters have nothing to finish, and end by the signal itself.
    others = [each for each in ended if "exporter" not in each.name]
    assert {each.name for each in others if each.status != 0} == {"redis-1", "mysql-1"}
    assert whole_stack.compose.containers == {}

    whole_stack.compose.up()
    whole_stack.log_in()
    fetch(whole_stack, bottom)
    whole_stack.settle()
    after = counts(whole_stack)
    assert after == before | {"tracking_opening": before["tracking_opening"] + 2}
    mail.expect([(pixel, THUNDERBIRD) for pixel in mail.pixels])
    assert whole_stack.get("/api/teams/")["results"]


def fetch(stack, pixel):
    reply = stack.client.get(pixel["url"], headers={"User-Agent": THUNDERBIRD})
    assert (reply.status_code, reply.content) == (200, GIF)
