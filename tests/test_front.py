"""Three web replicas behind NGINX with the very `nginx.conf`: no hit is lost."""

import json
import re
import secrets
import socket
import threading
from collections import Counter
from contextlib import ExitStack
from ipaddress import ip_network
from socketserver import StreamRequestHandler, ThreadingTCPServer

import httpx
import pytest

from accounts.client_address import read_address, truncate
from tests.front import (
    REPLICAS,
    addresses,
    assert_problem,
    client_from,
    path_of,
    send,
    track,
)
from tests.front_load import Load, Page
from tests.nginx import CONFIGURATION, trusting_nobody
from tests.services import wait_until
from tests.thorough import THOROUGH
from tests.wire import AS_JSON, exchange, request
from tracking.reply import GIF


# -- Replicas ------------------------------------------------------------------------------------
def test_requests_are_spread_over_all_replicas(front):
    nginx = front.put_before(front.ports.values())
    with httpx.Client(base_url=nginx.url, timeout=60) as client:
        for _ in range(60):
            client.get("/p/x.gif")
    nginx.stop()
    by = Counter(line["upstream"] for line in nginx.access_log())
    assert by.keys() == {f"127.0.0.1:{port}" for port in front.ports.values()}
    assert min(by.values()) >= 10


def test_replicas_that_die_and_restart_under_load_lose_nothing(front):
    nginx = front.put_before(front.ports.values())
    load = Load(front.stack, nginx.url)
    try:
        load.go_on(150)
        front.stack.services["front-1"].kill()
        load.go_on(300)
        front.start("front-1")
        for name in REPLICAS if THOROUGH else REPLICAS[1:]:
            load.go_on(30)
            assert front.stack.services[name].stop(within=30) == 0
            front.start(name)
        load.go_on(30)
    finally:
        load.end()
    load.expect_each_counted_once()
    nginx.stop()
    tried_again = [line for line in nginx.access_log() if "," in line["upstream"]]
    assert {line["route"] for line in tried_again} == {"/p/", "/t.gif", "/track"}
    assert {line["upstream_status"] for line in tried_again} <= {"502, 200", "502, 202"}


class Dying(ThreadingTCPServer):
    """A replica that does what it is asked, and then dies instead of telling so."""

    daemon_threads = allow_reuse_address = True

    def __init__(self, port: int):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.port, self.behind, self.done = self.server_address[1], port, []
        threading.Thread(target=self.serve_forever, args=[0.05], daemon=True).start()

    class Handler(StreamRequestHandler):
        def handle(self):
            head = b"".join(iter(self.rfile.readline, b"\r\n"))
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            body = self.rfile.read(int(length[1])) if length else b""
            reply = exchange(f"http://127.0.0.1:{self.server.behind}", head + b"\r\n" + body)
            self.server.done.append((head.split()[1].decode(), int(reply.split()[1])))


@pytest.fixture
def dying(front):
    """The address of an NGINX before a dying replica and a good one, and the dying one."""
    with Dying(front.ports["front-1"]) as server:
        nginx = front.put_before([server.port, front.ports["front-2"]])
        yield nginx.url, server
        nginx.stop()
        server.shutdown()


def test_what_a_dying_replica_has_done_is_done_once(front, dying):
    url, server = dying
    page, [pixel] = Page(front.stack), front.stack.new_mail(pixels=1)
    with httpx.Client(base_url=url, timeout=60) as client:
        for number in range(6):
            view = page.view(f"user-{number}")
            track(client, view)
            assert client.get("/t.gif", params=view).content == GIF
            headers = {"User-Agent": f"Reader/{number}"}
            assert client.get(path_of(pixel), headers=headers).content == GIF
    assert {path.partition("?")[0] for path, _ in server.done} == {
        *("/track", "/t.gif", path_of(pixel)),
    }
    assert {status for _, status in server.done} == {200, 202}
    front.stack.settle()
    assert page.counted() == (12, 6)
    assert len(front.stack.openings(pixel=pixel["id"])) == 6


def test_a_change_by_the_api_is_never_tried_twice(front, dying):
    url, server = dying
    name = secrets.token_hex(8)
    with httpx.Client(base_url=url, timeout=60) as client:
        client.headers["Authorization"] = front.stack.client.headers["Authorization"]
        named = [{"name": f"{name} {number}"} for number in range(4)]
        replies = [client.post("/api/campaigns/", json=each) for each in named]
    failed = [reply for reply in replies if reply.status_code != 201]
    assert len(failed) == len(server.done) > 0
    for reply in failed:
        assert_problem(reply, 502, "unavailable")
    assert len(front.stack.all("/api/campaigns/", search=name)) == len(replies)


def test_where_no_replica_is_left_everybody_is_told(front):
    with ExitStack() as stack:
        ports = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        ports = [each.getsockname()[1] for each in ports]
    nginx = front.put_before(ports)
    with httpx.Client(base_url=nginx.url, timeout=60) as client:
        # No broken image, and no promise: what has an error's status is not counted.
        for path in ("/p/gAAAAABpIN0Y-4mS_x8sB2QpZk1.gif", "/t.gif?user_id=ada@example.com"):
            reply = client.get(path)
            assert reply.status_code == 502
            assert reply.headers["content-type"] == "image/gif"
            assert reply.content.startswith(b"GIF89a")
            assert "no-store" in reply.headers["cache-control"]
            assert "last-modified" not in reply.headers
        for path in ("/track", "/api/campaigns/?search=ada@example.com", "/stats"):
            reply = client.post(path, headers={"Origin": "https://shop.example.com"})
            assert_problem(reply, 502, "unavailable")
            assert reply.headers["retry-after"] == "5"
            allowed = {"/track": "https://shop.example.com", "/stats": "*"}.get(path)
            assert reply.headers.get("access-control-allow-origin") == allowed
            cookies = "true" if path == "/track" else None
            assert reply.headers.get("access-control-allow-credentials") == cookies
        reply = client.get("/admin/")
        assert reply.status_code == 502
        assert reply.headers["content-type"] == "text/html"
    nginx.stop()


def test_who_leaves_after_asking_has_asked(front):
    page = Page(front.stack)
    body = json.dumps(page.view("gone")).encode()
    with send(front.url, request("POST", "/track", AS_JSON, body=body)):
        pass
    wait_until(lambda: page.counted() == (1, 1), what="the view is counted")


# -- What is sent --------------------------------------------------------------------------------
def test_json_is_packed_and_the_gif_is_not(front, client):
    accept = {"Accept-Encoding": "gzip"}
    reply = client.get("/openapi.json", headers=accept)
    assert reply.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in reply.headers["vary"]
    assert reply.json()["openapi"]
    reply = client.get("/p/x.gif", headers=accept)
    assert "content-encoding" not in reply.headers
    assert (reply.headers["content-length"], reply.content) == ("43", GIF)


def test_static_files_come_from_the_folder_or_a_replica_and_are_kept_long(front):
    var = front.stack.var
    names = [path.name for path in (var / "static/admin/css").glob("base.*.css")]
    [name] = [name for name in names if re.fullmatch(r"base\.[0-9a-f]{12}\.css", name)]
    path = f"/static/admin/css/{name}"
    ports = front.ports.values()
    for folder, upstreams in ((var, {""}), (None, {f"127.0.0.1:{port}" for port in ports})):
        nginx = front.put_before(ports, static=folder)
        with httpx.Client(base_url=nginx.url, timeout=60) as client:
            reply = client.get(path, headers={"Accept-Encoding": "gzip"})
            assert (reply.status_code, reply.content) == (200, (var / path[1:]).read_bytes())
            assert reply.headers["content-encoding"] == "gzip"
            assert reply.headers["content-type"].startswith("text/css")
            assert "immutable" in reply.headers["cache-control"]
            reply = client.get("/static/admin/css/base.css")
            assert reply.headers["cache-control"] == "max-age=60, public"
        nginx.stop()
        used = {line["upstream"] for line in nginx.access_log()}
        assert used
        assert used <= upstreams


def test_its_own_state_is_told_on_a_port_that_is_not_published(front):
    inside = httpx.get(f"http://127.0.0.1:{front.nginx.status_port}/stub_status")
    assert re.match(r"Active connections: \d+ \n", inside.text)
    assert httpx.get(f"http://127.0.0.1:{front.nginx.status_port}/metrics").status_code == 404
    assert httpx.get(f"{front.url}/stub_status").status_code == 404


def test_beside_the_static_files_nothing_is_served(front):
    nginx = front.put_before(front.ports.values(), static=front.stack.var)
    (front.stack.var / "secret").write_text("secret")
    for path in ("/static/../secret", "/static/..%2fsecret", "/static../secret", "/secret"):
        assert exchange(nginx.url, request("GET", path)).startswith(b"HTTP/1.1 404 "), path
    nginx.stop()


def test_the_lines_for_https_bring_http_2(front):
    nginx = front.put_before(front.ports.values(), tls=True)
    context = trusting_nobody()
    context.set_alpn_protocols(["h2", "http/1.1"])
    place = "127.0.0.1", nginx.tls_port
    with context.wrap_socket(socket.create_connection(place, timeout=60)) as connection:
        assert connection.selected_alpn_protocol() == "h2"
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
        assert connection.recv(9)[3] == 4  # its settings
    reply = httpx.get(f"https://127.0.0.1:{nginx.tls_port}/p/x.gif", verify=False, timeout=60)
    assert reply.content == GIF
    nginx.stop()


# -- Logs ----------------------------------------------------------------------------------------
def test_no_log_names_a_token_or_an_address(front):
    nginx, address = front.put_before(front.ports.values()), next(addresses)
    [pixel] = front.stack.new_mail(pixels=1)
    canary = f"canary-{secrets.token_hex(6)}@example.com"
    routes = {
        path_of(pixel): "/p/",
        f"/t.gif?user_id={canary}": "/t.gif",
        f"/api/contacts/?search={canary}": "/api/contacts/",
        f"/api/contacts/{canary}/": "/api/contacts/",
        f"/admin/campaigns/contact/?q={canary}": "/admin/campaigns/contact/",
        f"/no/{canary}": "other",
        f"/{canary}": "other",
        f"/api/{canary}": "/api/",
        f"/stats{canary}": "other",
        f"/static/{canary}": "/static/",
    }
    with client_from(address, nginx.url) as client:
        for path in routes:
            client.get(path, headers={"User-Agent": canary, "Referer": f"https://{canary}/"})
    nginx.stop()
    assert [line["route"] for line in nginx.access_log()] == list(routes.values())
    for secret in (canary, path_of(pixel)[3:30], address):
        assert secret not in nginx.text()


@pytest.mark.parametrize(
    "address",
    [
        "203.0.113.77",
        "2001:db8:1:2:3:4:5:6",
        "2001:db8:a::1",
        "2001:db8::1",
        "2001:db8:0:1:1:1:1:1",
        "2001::1",
        "2001:0:0:1::",
        "fe80::1:2:3:4",
        "::1",
        "::5:6:7:8",
    ],
)
def test_an_address_is_cut_as_everywhere_else(address):
    """NGINX itself sees addresses of one kind only in these tests: its map is read as it would."""
    [block] = re.findall(
        r"map \$remote_addr \$network \{(.*?)\n    \}", CONFIGURATION.read_text(), re.S
    )
    for pattern, result in re.findall(r'"~(\S+)"\s+"([^"]*)";', block):
        if found := re.search(pattern.replace("(?<", "(?P<"), address):
            cut = re.sub(r"\$\{(\w+)\}", lambda name: found[name[1]], result)
            assert ip_network(cut) == ip_network(truncate(read_address(address)))
            return
    pytest.fail(f"no pattern for {address}")
