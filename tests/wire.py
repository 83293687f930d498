"""Requests and replies, most of them as bytes."""

import re
import socket
from urllib.parse import urlsplit

import httpx

THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
OUTLOOK = (
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; .NET4.0E; "
    "Microsoft Outlook 16.0.17328; ms-office; MSOffice 16)"
)
AS_JSON = b"Content-Type: application/json"
_DATE = re.compile(rb"\r\ndate: [^\r]+", re.IGNORECASE)


def request(method: str, path: str | bytes, *headers: bytes, version="1.1", body=b"") -> bytes:
    """One request; `headers` are whole lines. Host is added unless a line of it is there."""
    path = path.encode() if isinstance(path, str) else path
    lines = [b"%s %s HTTP/%s" % (method.encode(), path, version.encode())]
    if version == "1.1" and not any(line.lower().startswith(b"host:") for line in headers):
        lines.append(b"Host: 127.0.0.1")
    lines += headers
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def exchange(url: str, *requests: bytes, to_end=False) -> bytes:
    """What the server says to `requests`, sent at once over one connection.

    `to_end` waits until the server closes the connection, and so sees what comes too much.
    """
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as connection:
        connection.sendall(b"".join(requests))
        reply = b""
        while to_end or not complete(reply, requests):
            received = connection.recv(65536)
            if not received:
                break
            reply += received
    return reply


def get(url: str, **more) -> httpx.Response:
    """Over http, and without the 30 ms that httpx takes to read whom https would trust."""
    return httpx.get(url, trust_env=False, verify=False, timeout=60, **more)


def complete(reply: bytes, requests) -> bool:
    """Whether all replies are there, by their Content-Length."""
    for sent in requests:
        head, end, rest = reply.partition(b"\r\n\r\n")
        if not end:
            return False
        length = re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
        length = int(length[1]) if length and not sent.startswith(b"HEAD") else 0
        if len(rest) < length:
            return False
        reply = rest[length:]
    return True


def undated(reply: bytes) -> bytes:
    """The reply without its Date header, which must be there."""
    without, dates = _DATE.subn(b"", reply)
    assert dates, f"no Date in {reply!r}"
    return without
