"""Three web replicas behind NGINX, and what is sent to them."""

import re
import socket
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from urllib.parse import urlsplit

import httpx

from tests.nginx import NGINX
from tests.stack import answers

REPLICAS = ("front-1", "front-2", "front-3")
SETTINGS = {"TRUSTED_PROXIES": "1", "WEB_CONCURRENCY": "1"}
# NGINX limits what one address may do: each test has one, or more, of its own.
addresses = (f"127.0.0.{number}" for number in count(31))
names = (f"nginx-{number}" for number in count(1))


def client_from(address: str, url: str) -> httpx.Client:
    transport = httpx.HTTPTransport(local_address=address)
    return httpx.Client(base_url=url, transport=transport, timeout=60)


class Front:
    def __init__(self, stack, replicas=REPLICAS):
        self.stack = stack
        with ThreadPoolExecutor() as pool:
            urls = pool.map(lambda name: stack.start_web(name, **SETTINGS), replicas)
            self.ports = {
                name: urlsplit(url).port for name, url in zip(replicas, urls, strict=True)
            }
        self.nginx = self.put_before(self.ports.values(), static=stack.var)
        self.url = self.nginx.url

    def put_before(self, ports, **more) -> NGINX:
        """An NGINX of its own in front of the servers on these ports."""
        name = next(names)
        nginx = self.stack.services[name] = NGINX(self.stack.folder, ports, name=name, **more)
        return nginx.start()

    def start(self, name):
        """Once more, on the same port."""
        service = self.stack.services[name].start()
        service.wait_for(lambda: answers(f"http://127.0.0.1:{self.ports[name]}/healthz"))

    def end(self):
        self.nginx.stop()
        for name in self.ports:
            self.stack.services[name].stop()


def send(url: str, part: bytes, address="") -> socket.socket:
    """A connection over which this was sent, from an address of its own."""
    parts = urlsplit(url)
    source = address or next(addresses), 0
    connection = socket.create_connection((parts.hostname, parts.port), 60, source_address=source)
    connection.sendall(part)
    return connection


def ask_at_once(url: str, paths, sent, address="") -> list[tuple[str, int, bytes]]:
    """Path, status and text of each answer, all asked for over one connection at once."""
    connection = send(url, b"".join(map(sent, paths)), address)
    found = []
    with connection, connection.makefile("rb") as replies:
        for path in paths:
            status = int(replies.readline().split()[1])
            head = b"".join(iter(replies.readline, b"\r\n"))
            length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])
            found.append((path, status, head + replies.read(length)))
    return found


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
