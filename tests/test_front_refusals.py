"""What NGINX keeps from the web replicas: the slow, the long, the many, the forged."""

import http.client
import json
from contextlib import ExitStack, suppress

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixeltrack.body_limits import FRAME
from tests.front import (
    REPLICAS,
    addresses,
    ask_at_once,
    assert_problem,
    client_from,
    path_of,
    send,
    track,
)
from tests.front_load import Page
from tests.services import wait_until
from tests.wire import AS_JSON, exchange, request
from tracking.reply import GIF

STRANGER = "203.0.113.77"
HANGING = 200  # requests of one address; nginx.conf: limit_conn


@pytest.fixture(scope="module")
def slow(front):
    """Connections of one address with half a head, and with half a body."""
    address = next(addresses)
    whole = request("POST", "/track", AS_JSON, body=b"x" * 100)
    with ExitStack() as stack:
        heads, bodies = (
            [stack.enter_context(send(front.url, part, address)) for _ in range(HANGING)]
            for part in (whole[:40], whole[:-50])
        )
        yield address, heads, bodies


# -- Clients that are slow -----------------------------------------------------------------------
def test_many_that_hang_keep_nobody_from_being_served(front, slow, client):
    address, _, _ = slow
    assert client.post("/track", json=Page(front.stack).view("neighbour")).status_code == 202
    assert client.get("/p/x.gif").content == GIF
    assert client.get("/api/").status_code == 401
    # Who lets so many requests hang gets no more of them in, apart from pixels.
    with client_from(address, front.url) as same:
        view = Page(front.stack).view("slow")
        wait_until(
            lambda: (reply := same.post("/track", json=view)).status_code == 429 and reply,
            what="its connections are counted",
        )
        assert_problem(same.post("/track", json=view), 429, "throttled")
        assert same.get("/p/x.gif").content == GIF


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
    too_long, longest = (f"Content-Length: {length}".encode() for length in (most + 1, most))
    with send(front.url, request("POST", path, too_long)) as connection:
        reply = http.client.HTTPResponse(connection)
        reply.begin()
        problem = json.loads(reply.read())
        assert (reply.status, problem["code"]) == (413, "too_large")
    with send(front.url, request("POST", path, longest, b"Expect: 100-continue")) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")


@pytest.mark.parametrize(("path", "may_send_cookies"), [("/track", True), ("/stats", False)])
def test_a_page_of_another_site_may_read_that_it_sent_too_much(front, path, may_send_cookies):
    origin = "https://shop.example.com"
    head = request("POST", path, f"Origin: {origin}".encode(), b"Content-Length: 100000000")
    with send(front.url, head) as connection:
        reply = http.client.HTTPResponse(connection)
        reply.begin()
    assert reply.status == 413
    if may_send_cookies:
        assert reply.headers["Access-Control-Allow-Origin"] == origin
        assert reply.headers["Access-Control-Allow-Credentials"] == "true"
    else:
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in reply.headers


def test_a_body_in_chunks_that_is_too_long_is_refused(front, client):
    reply = client.post("/track", content=iter([b"x" * 65536] * 17))
    assert_problem(reply, 413, "too_large")


def test_a_file_of_contacts_may_be_long_and_a_strangers_is_refused_at_once(front):
    lines = b"Content-Type: multipart/form-data; boundary=x", b"Content-Length: 200000000"
    for path in ("/api/imports/", "/admin/campaigns/contactimport/add/"):
        with send(front.url, request("POST", path, *lines) + b"--x") as sent:
            assert sent.recv(1000).startswith(b"HTTP/1.1 401 ")
        too_long = f"Content-Length: {1024**3 + FRAME + 1}".encode()
        with send(front.url, request("POST", path, too_long)) as sent:
            assert sent.recv(1000).startswith(b"HTTP/1.1 413 ")
    path, too_long = "/admin/campaigns/contactimport/first-rows/", 2 * 1024**2 + FRAME + 1
    with send(front.url, request("POST", path, b"Content-Length: %d" % too_long)) as sent:
        assert sent.recv(1000).startswith(b"HTTP/1.1 413 ")


@given(
    body=st.binary(max_size=100)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9),
        lambda inner: st.lists(inner, min_size=1) | st.dictionaries(st.text(), inner),
    ).map(lambda content: json.dumps(content).encode()),
    content_type=st.sampled_from(["application/json", "text/plain", "text/html", ""]),
)
@settings(max_examples=60, deadline=None)
def test_what_is_no_page_view_is_refused(front, body, content_type):
    headers = {"Content-Type": content_type}
    reply = httpx.post(front.url + "/track", content=body, headers=headers, verify=False)
    if reply.status_code == 202:  # a list, with nothing in it that is a view
        assert all("error" in each for each in reply.json()["results"])
    else:
        assert_problem(reply, reply.status_code, reply.json()["code"])
        assert reply.status_code in (400, 415, 422)


# -- Requests that two servers may read in two ways ------------------------------------------------
def smuggled(page, user_id="smuggled") -> bytes:
    body = json.dumps(page.view(user_id)).encode()
    return request("POST", "/track", AS_JSON, body=body)


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
    lines, in_chunks = SMUGGLERS[name]
    page = Page(front.stack)
    body = (CHUNKED if in_chunks else b"") + smuggled(page)
    lines = [line % len(body) if b"%d" in line else line for line in lines]
    sent = request("POST", "/track", AS_JSON, *lines) + body
    reply = exchange(front.url, sent, to_end=True)
    assert reply.count(b"HTTP/1.1 ") == 1
    assert reply.split()[1] in (b"400", b"501"), reply
    expect_only_neighbours(front, page)


def test_an_encoding_in_odd_letters_is_understood_and_hides_nothing(front):
    page = Page(front.stack)
    inner = smuggled(page)
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner)
    sent = request("POST", "/track", AS_JSON, b"Connection: close", b"tRANSFER-eNCODING: cHuNkEd")
    sent += body
    reply = exchange(front.url, sent, to_end=True)
    assert reply.count(b"HTTP/1.1 ") == 1
    assert reply.startswith(b"HTTP/1.1 400 ")  # its body is no JSON
    expect_only_neighbours(front, page)


def test_lines_without_cr_are_read_as_they_are_meant(front):
    page = Page(front.stack)
    inner = smuggled(page)
    sent = request("POST", "/track", AS_JSON, b"Connection: close", body=inner)
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


@pytest.mark.parametrize("path", ["/metrics", "//metrics", "/x/../metrics", "/%6detrics"])
def test_the_metrics_are_closed(front, path):
    authorization = f"Authorization: {front.stack.client.headers['Authorization']}".encode()
    reply = exchange(front.url, request("GET", path, authorization))
    assert reply.startswith(b"HTTP/1.1 404 ")
    assert b"<center>nginx</center>" in reply  # no replica was asked


# -- Rates ---------------------------------------------------------------------------------------
# Without a type, so that a replica refuses them (415), and nothing is stored.
NO_VIEW = request("POST", "/track", body=b" ")
SHORT_LIST = request("POST", "/track", body=b" " * 999)
LIST = request("POST", "/track", body=b" " * 1000)
LIST_IN_CHUNKS = request("POST", "/track", b"Transfer-Encoding: chunked") + b"1\r\n \r\n0\r\n\r\n"


def test_the_api_is_limited_and_says_so(front):
    paths = [*["/stats"] * 9, "/favicon.ico/"] * 50
    found = ask_at_once(front.url, paths, lambda path: request("GET", path))
    refused = [(path, reply) for path, status, reply in found if status == 429]
    assert {path for path, _ in refused} == set(paths)
    assert all(status != 429 for _, status, _ in found[:200])
    for path, reply in refused:
        assert b"Retry-After: 1" in reply
        assert (b'"code": "throttled"' in reply) == (path == "/stats")


def test_page_views_are_limited_and_their_gif_with_them(front):
    paths = ["/track", "/track", "/t.gif"] * 300
    requests = {"/track": NO_VIEW, "/t.gif": request("GET", "/t.gif")}
    found = ask_at_once(front.url, paths, requests.get)
    refused = [(path, reply) for path, status, reply in found if status == 429]
    assert {path for path, _ in refused} == {"/track", "/t.gif"}
    assert all(b"GIF89a" in reply for path, reply in refused if path == "/t.gif")
    assert {status for _, status, _ in found[:400]} <= {200, 415}


@pytest.mark.parametrize("sent", [LIST, LIST_IN_CHUNKS], ids=["long", "of unknown length"])
def test_lists_of_page_views_are_limited_more(front, sent):
    address = next(addresses)
    found = ask_at_once(front.url, ["/track"] * 100, lambda path: sent, address)
    statuses = [status for _, status, _ in found]
    assert 429 not in statuses[:20]
    assert 429 in statuses
    found = ask_at_once(front.url, ["/track"] * 100, lambda path: SHORT_LIST, address)
    assert {status for _, status, _ in found} == {415}


@pytest.mark.parametrize(
    "path", ["/api/token/", "/api/sign-up/", "/admin/login/", "/api-auth/login/"]
)
def test_logins_are_limited(front, path):
    # No form, no JSON: nothing is hashed.
    found = ask_at_once(front.url, [path] * 16, lambda path: request("POST", path))
    statuses = [status for _, status, _ in found]
    assert 429 not in statuses[:10]
    assert 429 in statuses
    looked = ask_at_once(front.url, [path] * 16, lambda path: request("GET", path))
    assert 429 not in {status for _, status, _ in looked}


def test_pixels_are_never_limited(front):
    found = ask_at_once(front.url, ["/p/x.gif"] * 900, lambda path: request("GET", path))
    assert {status for _, status, _ in found} == {200}


def test_an_own_network_is_not_limited(front):
    nginx = front.put_before(front.ports.values(), unlimited="127.0.0.0/8")
    requests = {"/stats": request("GET", "/stats"), "/track": LIST}
    found = ask_at_once(nginx.url, ["/stats"] * 600 + ["/track"] * 100, requests.get)
    assert {(path, status) for path, status, _ in found} == {("/stats", 200), ("/track", 415)}
    nginx.stop()


def test_who_hangs_is_hung_up_on(slow):
    """Last, for it takes ten seconds from the first test on."""
    _, heads, bodies = slow
    for connection in (*heads, *bodies):
        with suppress(ConnectionError):
            while connection.recv(1000):
                pass
