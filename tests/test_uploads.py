"""Files of contacts that are bigger than any other body, against the real server."""

import io
import json
import re
import secrets
import socket
import threading
from pathlib import Path

import httpx
import pytest

from tests.stack import ADMIN, PASSWORD
from tests.test_request_limits import read_all
from tests.wire import exchange

PATH = "/api/imports/"
ADMIN_PATH = "/admin/campaigns/contactimport/add/"
MEGABYTE = 1_000_000
LIMIT, MOST = 1 * MEGABYTE, 32 * MEGABYTE  # of a body, and of a file
BOUNDARY = secrets.token_hex(8)
FORM = f"Content-Type: multipart/form-data; boundary={BOUNDARY}"
JSON = "Content-Type: application/json"
EXPECT = "Expect: 100-continue"


class Server:
    def __init__(self, stack, url):
        self.stack, self.url = stack, url
        self.port = int(url.rpartition(":")[2])
        self.token = f"Authorization: {stack.client.headers['Authorization']}"
        self.campaign = stack.post("/api/campaigns/", {"name": secrets.token_hex(8)})["id"]

    def ask(self, *lines: str, path=PATH) -> bytes:
        """What it says to a head alone; the body is never sent."""
        head = f"POST {path} HTTP/1.1", "Host: localhost", *lines
        return exchange(self.url, "\r\n".join([*head, "", ""]).encode())

    def most_memory(self) -> int:
        """The most that the one worker ever held, in bytes."""
        main = self.stack.services["uploads"].process.pid
        (child,) = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        return (
            int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{child}/status").read_text())[1]) * 1024
        )

    def upload(self, content: bytes) -> httpx.Response:
        name, _, value = self.token.partition(": ")
        return httpx.post(
            self.url + PATH,
            data={"campaign": self.campaign, "run_at": "2999-01-01T00:00:00Z"},
            files={"file": ("people.csv", io.BytesIO(content))},
            headers={name: value},
            timeout=60,
            trust_env=False,
        )

    def clear_away(self, reply: httpx.Response):
        self.stack.post(f"{reply.headers['Location']}cancel/", {})
        assert self.stack.client.delete(reply.headers["Location"]).status_code == 204


@pytest.fixture(scope="module")
def server(stacks):
    """A web process that takes little, but for files."""
    stack = stacks("sqlite")
    settings = {"API_MAX_BODY_BYTES": str(LIMIT), "MAX_IMPORT_BYTES": str(MOST)}
    return Server(stack, stack.start_web("uploads", WEB_CONCURRENCY="1", **settings))


def length(number: int) -> str:
    return f"Content-Length: {number}"


def assert_problem(reply: bytes, status: int, code: str) -> dict:
    top, _, body = reply.partition(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 %d " % status), reply
    assert b"content-type: application/problem+json" in top.lower()
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (status, code)
    return problem


def frame(server, *, head: str) -> bytes:
    """A form up to where the file begins."""
    fields = {"campaign": server.campaign, "run_at": "2999-01-01T00:00:00Z"}
    parts = [(f'name="{name}"', value) for name, value in fields.items()]
    parts.append(('name="file"; filename="a.csv"\r\nContent-Type: text/csv', head))
    text = "\r\n".join(
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {name}\r\n\r\n{value}"
        for name, value in parts
    )
    return text.encode()


END = f"\r\n--{BOUNDARY}--\r\n".encode()


# -- What is taken -----------------------------------------------------------------------------
def test_a_big_file_is_taken_in_memory_that_does_not_grow_with_it(server):
    rows = b"email,name\n" + b"ada@example.com,Ada\n" * 1_500_000
    assert 29 * MEGABYTE < len(rows) < MOST
    server.clear_away(server.upload(rows[: 3 * MEGABYTE]))  # what is needed once is there now
    before = server.most_memory()
    reply = server.upload(rows)
    assert reply.status_code == 201, reply.text
    assert reply.json()["size"] == len(rows)
    assert server.most_memory() - before < 8 * MEGABYTE
    stored = list((server.stack.folder / "var" / "uploads" / "imports").iterdir())
    assert len(rows) in [file.stat().st_size for file in stored]
    server.clear_away(reply)


def test_a_file_that_comes_in_chunks_is_taken(server):
    parts = [frame(server, head="email\n"), *[b"ada@example.com\n" * 1000] * 200, END]
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        head = "POST /api/imports/ HTTP/1.1", "Host: localhost", FORM, server.token
        lines = "Transfer-Encoding: chunked", "Connection: close", "", ""
        client.sendall("\r\n".join([*head, *lines]).encode())
        for part in (*parts, b""):
            client.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        top, _, body = read_all(client).partition(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 201 "), top
    assert json.loads(re.search(rb"\{.*\}", body, re.DOTALL)[0])["size"] == 3_200_000 + 6


def test_neighbours_are_served_while_a_big_file_comes_in(server):
    begin = frame(server, head="email\n")
    total = 20 * MEGABYTE
    lines = "POST /api/imports/ HTTP/1.1", "Host: localhost", FORM, server.token, length(total)
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode() + begin)
        client.sendall(b"a@example.com\n" * 1_000_000)
        # The one worker waits for the rest.
        assert server.stack.get("/api/imports/", page_size=1)
        headers = dict([server.token.split(": ", 1)])
        for path in ("/healthz", "/api/campaigns/"):
            reply = httpx.get(server.url + path, headers=headers, timeout=60, trust_env=False)
            assert reply.status_code == 200
        sent = len(begin) + 14 * MEGABYTE
        client.sendall(b"\n" * (total - sent - len(END)) + END)
        assert read_all(client).startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize("path", [PATH, ADMIN_PATH])
def test_who_is_logged_in_or_has_a_key_is_asked_for_the_body(server, path):
    for credentials in (server.token, api_key(server), session(server)):
        sent = [FORM, length(MOST), EXPECT, credentials]
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
            lines = f"POST {path} HTTP/1.1", "Host: localhost", *sent, "", ""
            client.sendall("\r\n".join(lines).encode())
            assert client.recv(1000).startswith(b"HTTP/1.1 100 "), credentials


def api_key(server) -> str:
    team = server.stack.get("/api/teams/")["results"][0]["id"]
    made = server.stack.post("/api/api-keys/", {"team": team, "name": "CRM", "role": "editor"})
    return f"Authorization: Api-Key {made['key']}"


def session(server) -> str:
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as browser:
        browser.get("/admin/login/")
        form = {"username": ADMIN, "password": PASSWORD, "next": "/admin/"}
        form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
        assert browser.post("/admin/login/", data=form).status_code == 302
        return f"Cookie: sessionid={browser.cookies['sessionid']}"


# -- What is not -------------------------------------------------------------------------------
@pytest.mark.parametrize("how_long", [length(LIMIT + 1), "Transfer-Encoding: chunked"])
@pytest.mark.parametrize(
    "credentials",
    [
        "X-Nothing: at all",
        "Authorization: Bearer e30.e30.e30",
        "Authorization: Api-Key nobody.knows",
        "Cookie: sessionid=nobodys",
    ],
)
def test_a_stranger_is_sent_away_before_the_body(server, credentials, how_long):
    reply = server.ask(FORM, how_long, credentials)
    assert_problem(reply, 401, "not_authenticated")
    assert b"\r\nwww-authenticate: bearer" in reply.lower()


def test_a_stranger_is_sent_away_from_the_admin_as_well(server):
    assert server.ask(FORM, length(LIMIT + 1), path=ADMIN_PATH).startswith(b"HTTP/1.1 401 ")


def test_a_stranger_with_little_is_told_by_the_api_itself(server):
    reply = httpx.post(server.url + PATH, files={"file": b"email"}, trust_env=False, timeout=60)
    assert (reply.status_code, reply.json()["code"]) == (401, "not_authenticated")


def test_a_file_that_is_longer_than_allowed_is_refused_before_it_is_sent(server):
    reply = server.ask(FORM, length(MOST + 65_536 + 1), server.token)
    assert str(MOST) in assert_problem(reply, 413, "too_large")["detail"]


@pytest.mark.parametrize(
    ("path", "kind"), [(PATH, JSON), ("/api/contacts/bulk/", FORM), ("/api/contacts/", FORM)]
)
def test_nothing_else_may_be_as_long_as_a_file(server, path, kind):
    reply = server.ask(kind, length(LIMIT + 1), server.token, path=path)
    assert str(LIMIT) in assert_problem(reply, 413, "too_large")["detail"]


def test_a_file_in_chunks_without_end_is_cut_off(server):
    sent, chunk = 0, b"a@example.com\n" * 10_000
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        head = "POST /api/imports/ HTTP/1.1", "Host: localhost", FORM, server.token
        client.sendall("\r\n".join([*head, "Transfer-Encoding: chunked", "", ""]).encode())
        answer = []
        reader = threading.Thread(target=lambda: answer.append(client.recv(65536)))
        reader.start()
        while reader.is_alive() and sent < 10 * MOST:
            try:
                client.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            except ConnectionError:  # it has hung up
                break
            sent += len(chunk)
        reader.join(20)
    assert MOST < sent < 10 * MOST
    assert answer[0].startswith(b"HTTP/1.1 413 ")


def test_the_server_has_nothing_to_complain_of(server):
    assert "Traceback" not in server.stack.services["uploads"].text()
