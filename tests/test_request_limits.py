"""Requests that are too long or broken off, against the real server."""

import json
import socket
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest

from tests.wire import exchange

LIMIT = 100_000
CHUNK = 16_384
ENDLESS = 50_000_000  # much more than the kernel's buffers take on their own


@pytest.fixture(scope="module", params=["lane", "plain"])
def server(request, stacks):
    """The address of a web process that takes little."""
    stack = stacks("sqlite", lane=request.param == "lane")
    if "small" not in stack.services:
        stack.small = stack.start_web("small", API_MAX_BODY_BYTES=str(LIMIT))
    return stack.small


def connect(server) -> socket.socket:
    parts = urlsplit(server)
    return socket.create_connection((parts.hostname, parts.port), timeout=60)


def head(path, *lines) -> bytes:
    first = f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json"
    return "\r\n".join([*first, *lines, "", ""]).encode()


def read_all(client) -> bytes:
    """Until the server closes."""
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts)


def assert_too_large(reply: bytes):
    top, _, body = reply.partition(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 413 "), reply
    assert b"content-type: application/problem+json" in top.lower()
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (413, "too_large")
    assert str(LIMIT) in problem["detail"]


def test_a_body_that_says_it_is_too_long_is_refused_before_it_is_sent(server):
    lines = f"Content-Length: {LIMIT + 1}", "Expect: 100-continue"
    assert_too_large(exchange(server, head("/api/token/", *lines)))


def test_a_page_may_read_that_it_has_sent_too_much(server):
    lines = f"Content-Length: {LIMIT + 1}", "Expect: 100-continue", "Origin: https://a.example"
    reply = exchange(server, head("/track", *lines))
    assert_too_large(reply)
    lines = reply.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
    assert b"access-control-allow-origin: https://a.example" in lines
    assert b"access-control-allow-credentials: true" in lines


def test_a_client_that_sends_all_of_it_first_gets_its_answer(server):
    reply = httpx.post(server + "/api/token/", content=b"x" * (LIMIT * 2), timeout=60)
    assert (reply.status_code, reply.json()["code"]) == (413, "too_large")


def test_an_endless_body_in_chunks_is_cut_off(server):
    sent = 0
    with connect(server) as client, suppress(ConnectionError):  # it has hung up
        client.sendall(head("/api/token/", "Transfer-Encoding: chunked"))
        while sent < ENDLESS:
            client.sendall(b"%x\r\n%s\r\n" % (CHUNK, b" " * CHUNK))
            sent += CHUNK
    assert LIMIT < sent < ENDLESS


def test_a_body_in_chunks_that_is_too_long_gets_its_answer(server):
    with connect(server) as client:
        client.sendall(head("/api/token/", "Transfer-Encoding: chunked"))
        for _ in range(LIMIT // CHUNK + 1):
            client.sendall(b"%x\r\n%s\r\n" % (CHUNK, b" " * CHUNK))
        client.sendall(b"0\r\n\r\n")
        assert_too_large(read_all(client))


def test_a_body_in_chunks_that_is_short_enough_is_read(server):
    with connect(server) as client:
        client.sendall(head("/api/token/", "Transfer-Encoding: chunked", "Connection: close"))
        body = json.dumps({"username": "nobody", "password": "x"}).encode().ljust(LIMIT - 10)
        client.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        assert read_all(client).startswith(b"HTTP/1.1 401 ")


def test_a_header_without_end_is_cut_off(server):
    with connect(server) as client:
        client.sendall((b"GET /api/ HTTP/1.1\r\nX-A: " + b"a" * 65536)[:65537])
        assert read_all(client).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("path", ["/api/token/", "/admin/login/", "/p/x.gif"])
def test_an_upload_that_is_broken_off_keeps_no_socket(server, path):
    with connect(server) as client:
        client.sendall(head(path, "Content-Length: 10") + b"half")
        client.shutdown(socket.SHUT_WR)
        assert read_all(client)[:13] in (b"", b"HTTP/1.1 405 ")  # a pixel reads no body


def test_the_server_goes_on_and_has_nothing_to_complain_of(server, stacks):
    assert httpx.get(server + "/healthz", timeout=60).status_code == 200
    for lane in (True, False):
        for name, text in stacks("sqlite", lane=lane).logs().items():
            assert "Traceback" not in text, name
