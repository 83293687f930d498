"""Three web replicas behind NGINX with the very `nginx.conf`: no hit is lost."""

import http.client
import json
import re
import secrets
import socket
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from ipaddress import ip_network
from itertools import count
from socketserver import StreamRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

import httpx
import pytest

from accounts.client_address import read_address, truncate
from pixeltrack.body_limits import FRAME
from tests.conftest import needs
from tests.front import CONFIGURATION, NGINX, trusting_nobody
from tests.front_load import Load, Page
from tests.services import wait_until
from tests.stack import answers
from tests.thorough import THOROUGH
from tests.wire import exchange, request
from tracking.reply import GIF

REPLICAS = ("front-1", "front-2", "front-3")
SETTINGS = {"TRUSTED_PROXIES": "1", "WEB_CONCURRENCY": "1"}
STRANGER = "203.0.113.77"
HANGING = 200  # connections of one address; nginx.conf: limit_conn
TYPE = {"Content-Type": "application/json"}
_addresses = (f"127.0.0.{number}" for number in count(31))
_names = (f"nginx-{number}" for number in count(1))


class Front:
    def __init__(self, stack):
        self.stack = stack
        with ThreadPoolExecutor() as pool:
            urls = pool.map(lambda name: stack.start_web(name, **SETTINGS), REPLICAS)
            self.ports = {
                name: urlsplit(url).port for name, url in zip(REPLICAS, urls, strict=True)
            }
        self.nginx = self.put_before(self.ports.values(), static=stack.var)
        self.url = self.nginx.url

    def put_before(self, ports, **more) -> NGINX:
        """An NGINX of its own in front of the servers on these ports."""
        name = next(_names)
        nginx = self.stack.services[name] = NGINX(self.stack.folder, ports, name=name, **more)
        return nginx.start()

    def start(self, name):
        """Once more, on the same port."""
        service = self.stack.services[name].start()
        service.wait_for(lambda: answers(f"http://127.0.0.1:{self.ports[name]}/healthz"))

    def end(self):
        self.nginx.stop()
        for name in REPLICAS:
            self.stack.services[name].stop()

    def log_of(self, request_count: int) -> list[dict]:
        """The access log once so many requests are in it."""
        wait_until(lambda: len(self.nginx.access_log()) >= request_count, what="they are logged")
        return self.nginx.access_log()


@pytest.fixture(scope="module")
def front(stack):
    needs("nginx")
    front = Front(stack)
    yield front
    front.end()


@pytest.fixture
def client(front):
    """A client with an address of its own, so that its limits are its own."""
    address = next(_addresses)
    transport = httpx.HTTPTransport(local_address=address)
    with httpx.Client(base_url=front.url, transport=transport, timeout=60) as client:
        client.address = address
        yield client


@pytest.fixture(scope="module")
def slow(front):
    """Connections of one address with half a head, and with half a body."""
    address = next(_addresses)
    whole = request("POST", "/track", b"Content-Type: application/json", body=b"x" * 100)
    with ExitStack() as stack:
        heads, bodies = (
            [stack.enter_context(send_slowly(front, address, part)) for _ in range(HANGING)]
            for part in (whole[:40], whole[:-50])
        )
        yield address, heads, bodies


def send_slowly(front, address, part) -> socket.socket:
    place = "127.0.0.1", front.nginx.port
    connection = socket.create_connection(place, timeout=60, source_address=(address, 0))
    connection.sendall(part)
    return connection


def path_of(pixel) -> str:
    return urlsplit(pixel["url"]).path


def track(client, view, **headers) -> str:
    reply = client.post("/track", json=view, headers=headers)
    assert reply.status_code == 202, reply.text
    return reply.json()["event_id"]


def assert_problem(reply, status: int, code: str):
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert problem.keys() == {"type", "title", "status", "detail", "code", "errors"}
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["detail"].endswith(".")


# -- Clients that are slow -----------------------------------------------------------------------
def test_many_that_hang_keep_nobody_from_being_served(front, slow, client):
    address, _, _ = slow
    assert client.post("/track", json=Page(front.stack).view("neighbour")).status_code == 202
    assert client.get("/p/x.gif").content == GIF
    assert client.get("/api/").status_code == 401
    # Who lets so many requests hang gets no more of them in, apart from pixels.
    transport = httpx.HTTPTransport(local_address=address)
    with httpx.Client(base_url=front.url, transport=transport, timeout=60) as same:
        view = Page(front.stack).view("slow")
        wait_until(
            lambda: (reply := same.post("/track", json=view)).status_code == 429 and reply,
            what="its connections are counted",
        )
        assert_problem(same.post("/track", json=view), 429, "throttled")
        assert same.get("/p/x.gif").content == GIF


# -- Replicas ------------------------------------------------------------------------------------
def test_requests_are_spread_over_all_replicas(front, client):
    before = len(front.nginx.access_log())
    for _ in range(60):
        client.get("/p/x.gif")
    log = front.log_of(before + 60)
    by = Counter(line["upstream"] for line in log if line["route"] == "/p/")
    assert by.keys() >= {f"127.0.0.1:{port}" for port in front.ports.values()}


def test_replicas_that_die_and_restart_under_load_lose_nothing(front):
    load = Load(front.stack, front.url)
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
    tried_again = [line for line in front.nginx.access_log() if "," in line["upstream"]]
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
            is_open = path in ("/track", "/stats")
            assert ("access-control-allow-origin" in reply.headers) == is_open
        reply = client.get("/admin/")
        assert reply.status_code == 502
        assert reply.headers["content-type"] == "text/html"
    nginx.stop()
    assert_silent(nginx)


def test_who_leaves_after_asking_has_asked(front):
    page = Page(front.stack)
    body = json.dumps(page.view("gone")).encode()
    with send_slowly(front, next(_addresses), request("POST", "/track", *as_json(), body=body)):
        pass
    wait_until(lambda: page.counted() == (1, 1), what="the view is counted")


def as_json():
    return [f"{name}: {value}".encode() for name, value in TYPE.items()]


# -- Too much ------------------------------------------------------------------------------------
def test_heads_that_are_too_long_are_refused(front, client):
    assert client.get("/p/" + "x" * 9000 + ".gif").status_code == 414
    assert client.get("/p/x.gif", headers={"X-A": "x" * 9000}).status_code == 400
    many = {f"X-{number}": "x" * 1000 for number in range(60)}
    assert client.get("/p/x.gif", headers=many).status_code == 400
    assert client.get("/p/x.gif", headers={"Cookie": "x" * 5000}).content == GIF


@pytest.mark.parametrize(
    ("path", "most"), [("/track", 1_048_576), ("/api/token/", 10_485_760)], ids=["track", "api"]
)
def test_bodies_that_are_too_long_are_refused_before_they_are_read(front, path, most):
    say = [f"Content-Length: {length}".encode() for length in (most, most + 1)]
    with send_slowly(front, next(_addresses), request("POST", path, say[1])) as connection:
        reply = http.client.HTTPResponse(connection)
        reply.begin()
        problem = json.loads(reply.read())
        assert (reply.status, problem["code"]) == (413, "too_large")
    with send_slowly(
        front, next(_addresses), request("POST", path, say[0], b"Expect: 100-continue")
    ) as at_most:
        assert at_most.recv(1000).startswith(b"HTTP/1.1 100 ")


def test_a_body_in_chunks_that_is_too_long_is_refused(front, client):
    reply = client.post("/track", content=iter([b"x" * 65536] * 17))
    assert_problem(reply, 413, "too_large")


def test_a_file_of_contacts_may_be_long_and_a_strangers_is_refused_at_once(front):
    lines = b"Content-Type: multipart/form-data; boundary=x", b"Content-Length: 200000000"
    for path in ("/api/imports/", "/admin/campaigns/contactimport/add/"):
        with send_slowly(front, next(_addresses), request("POST", path, *lines) + b"--x") as sent:
            assert sent.recv(1000).startswith(b"HTTP/1.1 401 ")
        too_long = f"Content-Length: {1024**3 + FRAME + 1}".encode()
        with send_slowly(front, next(_addresses), request("POST", path, too_long)) as sent:
            assert sent.recv(1000).startswith(b"HTTP/1.1 413 ")


# -- Requests that two servers may read in two ways ------------------------------------------------
def smuggled(page, user_id="smuggled") -> bytes:
    body = json.dumps(page.view(user_id)).encode()
    return request("POST", "/track", *as_json(), body=body)


CHUNKED = b"0\r\n\r\n"
SMUGGLERS = {
    "both lengths": ([b"Content-Length: %d", b"Transfer-Encoding: chunked"], True),
    "two lengths": ([b"Content-Length: %d", b"Content-Length: 0"], False),
    "twice the same length": ([b"Content-Length: 0", b"Content-Length: 0"], False),
    "a list of lengths": ([b"Content-Length: 0, 0"], False),
    "a signed length": ([b"Content-Length: +0"], False),
    "a folded line": ([b"X-A: b", b" Content-Length: 0"], False),
    "a folded encoding": ([b"Transfer-Encoding:", b" chunked", b"Content-Length: %d"], True),
    "a space before the colon": ([b"Transfer-Encoding : chunked", b"Content-Length: %d"], True),
    "an odd encoding": ([b"Transfer-Encoding: xchunked", b"Content-Length: %d"], True),
    "an encoding twice": ([b"Transfer-Encoding: chunked"] * 2, True),
    "a list of encodings": ([b"Transfer-Encoding: identity, chunked"], True),
    "a vertical tab": ([b"Transfer-Encoding:\x0bchunked", b"Content-Length: %d"], True),
    "a tab after the encoding": ([b"Transfer-Encoding: chunked\t", b"Content-Length: %d"], True),
    "a NUL": ([b"Transfer-Encoding: chunked\0", b"Content-Length: %d"], True),
    "a bare CR": ([b"X-A: b\rTransfer-Encoding: chunked", b"Content-Length: %d"], True),
}


@pytest.mark.parametrize("name", SMUGGLERS)
def test_a_request_that_can_be_read_in_two_ways_is_refused(front, name):
    """Or its body is its body; never is it another request."""
    lines, in_chunks = SMUGGLERS[name]
    page = Page(front.stack)
    body = (CHUNKED if in_chunks else b"") + smuggled(page)
    lines = [line % len(body) if b"%d" in line else line for line in lines]
    sent = request("POST", "/track", *as_json(), b"Connection: close", *lines) + body
    reply = exchange(front.url, sent, to_end=True)
    assert reply.count(b"HTTP/1.1 ") == 1
    assert reply.split()[1] in (b"400", b"501"), reply
    expect_only_neighbours(front, page)


def test_an_encoding_in_odd_letters_is_understood_and_hides_nothing(front):
    page = Page(front.stack)
    inner = smuggled(page)
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner)
    sent = request(
        "POST", "/track", *as_json(), b"Connection: close", b"tRANSFER-eNCODING: cHuNkEd"
    )
    sent += body
    reply = exchange(front.url, sent, to_end=True)
    assert reply.count(b"HTTP/1.1 ") == 1
    assert reply.startswith(b"HTTP/1.1 400 ")  # its body is no JSON
    expect_only_neighbours(front, page)


def test_lines_without_cr_are_read_as_they_are_meant(front):
    page = Page(front.stack)
    inner = smuggled(page)
    sent = request("POST", "/track", *as_json(), b"Connection: close", body=inner)
    head, _, body = sent.partition(b"\r\n\r\n")
    reply = exchange(front.url, head.replace(b"\r\n", b"\n") + b"\n\n" + body, to_end=True)
    assert reply.count(b"HTTP/1.1 ") == 1
    assert reply.startswith(b"HTTP/1.1 400 ")
    expect_only_neighbours(front, page)


def expect_only_neighbours(front, page):
    """Nothing is left on the way to the replicas that a neighbour would be answered with."""
    with httpx.Client(base_url=front.url, timeout=60) as client:
        for number in range(len(REPLICAS)):
            track(client, page.view(f"neighbour-{number}"))
    front.stack.settle()
    assert page.counted() == (len(REPLICAS), len(REPLICAS))


# -- What a client says about itself -------------------------------------------------------------
FORGED = {
    "X-Forwarded-For": f"{STRANGER}, {STRANGER}",
    "X-Real-IP": STRANGER,
    "Forwarded": f"for={STRANGER};host=evil.example;proto=https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "4711",
    "X-Forwarded-Proto": "https",
    "X-Request-ID": "0af7651916cd43dd8448eb211c80319c",
}


def test_a_forged_way_is_not_believed(front, client):
    [pixel] = front.stack.new_mail(pixels=1)
    front.stack.new_mail(pixels=1)
    assert client.get(path_of(pixel), headers=FORGED).content == GIF
    view = Page(front.stack).view("somebody")
    assert track(client, view, **FORGED) != track(client, view, **FORGED)
    authorization = {"Authorization": front.stack.client.headers["Authorization"]}
    reply = client.get("/api/campaigns/?page_size=1", headers=FORGED | authorization)
    assert reply.json()["next"].startswith(f"{front.url}/api/campaigns/")
    front.stack.settle()
    [opening] = front.stack.openings(pixel=pixel["id"])
    assert opening["network"] == "127.0.0.0/24"


def test_a_forged_host_is_refused(front, client):
    reply = client.get("/api/", headers={"Host": "evil.example"})
    assert_problem(reply, 400, "bad_request")


@pytest.mark.parametrize(
    "path", ["/metrics", "//metrics", "/x/../metrics", "/%6detrics", "/metrics/", "/metrics?x"]
)
def test_the_metrics_are_closed(front, path):
    authorization = f"Authorization: {front.stack.client.headers['Authorization']}".encode()
    reply = exchange(front.url, request("GET", path, authorization))
    assert reply.startswith(b"HTTP/1.1 404 ")


# -- Rates ---------------------------------------------------------------------------------------
def ask_at_once(front, paths, sent) -> list[tuple[str, int, dict]]:
    """Path, status and body of each answer, all asked for over one connection at once."""
    connection = send_slowly(front, next(_addresses), b"".join(map(sent, paths)))
    found = []
    with connection, connection.makefile("rb") as replies:
        for path in paths:
            status = int(replies.readline().split()[1])
            head = b"".join(iter(replies.readline, b"\r\n"))
            length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])
            found.append((path, status, head + replies.read(length)))
    return found


def test_the_api_is_limited_and_says_so(front):
    paths = ["/stats", "/stats", "/stats", "/openapi.json/"] * 150
    found = ask_at_once(front, paths, lambda path: request("GET", path))
    refused = [(path, reply) for path, status, reply in found if status == 429]
    assert {path for path, _ in refused} == set(paths)
    assert all(status != 429 for _, status, _ in found[:200])
    for path, reply in refused:
        assert b"Retry-After: 1" in reply
        assert (b'"code": "throttled"' in reply) == (path == "/stats")


def test_page_views_are_limited_and_their_gif_with_them(front):
    paths = ["/track", "/track", "/t.gif"] * 300
    found = ask_at_once(
        front, paths, lambda path: request("POST" if path == "/track" else "GET", path)
    )
    refused = [(path, reply) for path, status, reply in found if status == 429]
    assert {path for path, _ in refused} == {"/track", "/t.gif"}
    assert all(b"GIF89a" in reply for path, reply in refused if path == "/t.gif")
    assert {status for _, status, _ in found[:400]} <= {200, 415}


@pytest.mark.parametrize("path", ["/api/token/", "/admin/login/", "/api-auth/login/"])
def test_logins_are_limited(front, path):
    # No form, no JSON: nothing is hashed.
    found = ask_at_once(front, [path] * 40, lambda path: request("POST", path))
    statuses = [status for _, status, _ in found]
    assert 429 not in statuses[:10]
    assert statuses[-20:].count(429) >= 18  # one in two seconds gets through
    looked = ask_at_once(front, [path] * 40, lambda path: request("GET", path))
    assert 429 not in {status for _, status, _ in looked}


def test_pixels_are_never_limited(front):
    found = ask_at_once(front, ["/p/x.gif"] * 900, lambda path: request("GET", path))
    assert {status for _, status, _ in found} == {200}


def test_an_own_network_is_not_limited(front):
    nginx = front.put_before(front.ports.values(), unlimited="127.0.0.0/8")
    own = Front.__new__(Front)
    own.nginx = nginx
    found = ask_at_once(own, ["/stats"] * 600, lambda path: request("GET", path))
    assert {status for _, status, _ in found} == {200}
    nginx.stop()


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


def test_static_files_come_from_the_folder_or_a_replica_and_are_kept_long(front, client):
    names = sorted(path.name for path in (front.stack.var / "static/admin/css").glob("base.*.css"))
    [name] = [name for name in names if re.fullmatch(r"base\.[0-9a-f]{12}\.css", name)]
    path = f"/static/admin/css/{name}"
    text = (front.stack.var / path[1:]).read_bytes()
    bare = front.put_before(front.ports.values())
    for url in (front.url, bare.url):
        reply = httpx.get(url + path, headers={"Accept-Encoding": "gzip"}, timeout=60)
        assert (reply.status_code, reply.content) == (200, text)
        assert reply.headers["content-encoding"] == "gzip"
        assert reply.headers["content-type"].startswith("text/css")
        assert "immutable" in reply.headers["cache-control"]
        reply = httpx.get(url + "/static/admin/css/base.css", timeout=60)
        assert reply.headers["cache-control"] == "max-age=60, public"
        assert httpx.get(url + "/static/../pixeltrack.sqlite3", timeout=60).status_code == 404
    bare.stop()
    by = {line["upstream"] for line in bare.access_log() if line["route"] == "/static/"}
    assert by
    assert "" not in by
    assert "" in {line["upstream"] for line in front.nginx.access_log()}


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
def assert_silent(nginx):
    """NGINX has written its access log and nothing else, and that names nobody."""
    said = [line for line in nginx.text().splitlines() if not line.startswith("{")]
    assert [line for line in said if "setrlimit" not in line] == []
    for line in nginx.access_log():
        assert line["network"] in ("127.0.0.0/24", "")
        assert set(line) == LOGGED
        assert "@" not in str(line)


LOGGED = {
    *("time", "request_id", "network", "method", "route", "protocol", "status", "bytes"),
    *("seconds", "rate_limit", "connection_limit"),
    *("upstream", "upstream_status", "upstream_seconds"),
}


def test_no_log_names_a_token_or_an_address(front, client):
    [pixel] = front.stack.new_mail(pixels=1)
    canary = f"canary-{secrets.token_hex(6)}@example.com"
    before = len(front.nginx.access_log())
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
    for path in routes:
        client.get(path, headers={"User-Agent": canary, "Referer": f"https://{canary}/"})
    log = front.log_of(before + len(routes))
    mine = [line["route"] for line in log[before:]]
    assert sorted(mine) == sorted(routes.values())
    text = front.nginx.text()
    for secret in (canary, path_of(pixel)[3:30], client.address):
        assert secret not in text
    assert_silent(front.nginx)


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


def test_who_hangs_is_hung_up_on(slow):
    """Last, for it takes ten seconds from the first test on."""
    _, heads, bodies = slow
    for connection in (*heads, *bodies):
        with suppress(ConnectionError):
            while connection.recv(1000):
                pass
