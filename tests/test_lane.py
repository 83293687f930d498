"""The express lane and the plain view: the same bytes, the same recorded hits."""

import re

import pytest

from tests.wire import GMAIL, THUNDERBIRD, exchange, request, undated

UA = b"User-Agent: "
CLOSE = b"Connection: close"
GIF_HEADERS = {
    "content-type": "image/gif",
    "content-length": "43",
    "cache-control": "no-store, no-cache, must-revalidate, max-age=0, private",
    "pragma": "no-cache",
    "expires": "0",
}

REPLIES = {  # name → what is sent, for the path of a pixel
    "get": lambda path: request("GET", path, CLOSE),
    "head": lambda path: request("HEAD", path, CLOSE),
    "post": lambda path: request("POST", path, CLOSE, body=b"a=1"),
    "post without body": lambda path: request("POST", path, b"Content-Length: 0", CLOSE),
    "get with a body": lambda path: request("GET", path, CLOSE, body=b"a=1"),
    "absolute": lambda path: request("GET", "http://127.0.0.1" + path, CLOSE),
    "percent-encoded": lambda path: request("GET", path.replace(".gif", "%2Egif"), CLOSE),
    "another fragment": lambda path: request("GET", path + "#x", CLOSE),
    "put": lambda path: request("PUT", path, CLOSE, body=b"a=1"),
    "patch": lambda path: request("PATCH", path, CLOSE, body=b"a=1"),
    "delete": lambda path: request("DELETE", path, CLOSE),
    "options": lambda path: request("OPTIONS", path, b"Origin: http://example.com", CLOSE),
    "http/1.0": lambda path: request("GET", path, version="1.0"),
    "http/1.0 head": lambda path: request("HEAD", path, version="1.0"),
    "head of a bad token": lambda path: request("HEAD", "/p/bad.gif", CLOSE),
    "bad token": lambda path: request("GET", "/p/bad.gif", CLOSE),
    "unlisted host": lambda path: request("GET", path, b"Host: elsewhere.example", CLOSE),
    "odd host": lambda path: request("GET", path, b"Host: a b;c", CLOSE),
    "query string": lambda path: request("GET", path + "?utm_source=x&y=%FF", CLOSE),
    "cookies": lambda path: request("GET", path, b"Cookie: sessionid=x; csrftoken=y", CLOSE),
    "conditional": lambda path: request(
        "GET",
        path,
        b'If-None-Match: "x"',
        b"If-Modified-Since: Sat, 01 Jan 2028 00:00:00 GMT",
        CLOSE,
    ),
    "range": lambda path: request("GET", path, b"Range: bytes=0-9", CLOSE),
    "compressed": lambda path: request("GET", path, b"Accept-Encoding: gzip, br", CLOSE),
    "no such path": lambda path: request("GET", "/p/", CLOSE),
}

HITS = {  # name → header lines that come with the hit
    "no user agent": [],
    "empty user agent": [UA],
    "thunderbird": [UA + THUNDERBIRD.encode()],
    "512 characters": [UA + b"Mozilla/5.0 " + b"a" * 500],
    "2,000 characters": [UA + b"Mozilla/5.0 " + b"x" * 1988],
    "latin-1": [UA + b"Client/1 \xe9\xff\xa0 \xf0\x9f\x98\x80"],
    "two user agents": [UA + b"First/1", UA + b"Second/2"],
    "spaces around": [UA + b"   Spaces/1 \t "],
    "prefetch": [UA + THUNDERBIRD.encode(), b"Sec-Purpose: prefetch;prerender"],
    "purpose": [UA + THUNDERBIRD.encode(), b"Purpose: prefetch"],
    "preview": [UA + THUNDERBIRD.encode(), b"X-Purpose: preview"],
    "x-moz": [UA + THUNDERBIRD.encode(), b"X-Moz: prefetch"],
    "another purpose": [UA + THUNDERBIRD.encode(), b"Sec-Purpose: no-prefetch"],
    "referer": [UA + THUNDERBIRD.encode(), b"Referer: https://Mail.Example.com:8443/inbox?id=7"],
    "bad referer": [UA + THUNDERBIRD.encode(), b"Referer: http://[::1/"],
    "gmail": [UA + GMAIL.encode(), b"X-Forwarded-For: 66.249.81.7"],
    "forwarded": [UA + b"A/1", b"X-Forwarded-For: 203.0.113.77"],
    "forwarded twice": [UA + b"A/1", b"X-Forwarded-For: 198.51.100.1, 203.0.113.77"],
    "two forwarded lines": [
        UA + b"A/1",
        b"X-Forwarded-For: 198.51.100.1",
        b"X-Forwarded-For: 203.0.113.77",
    ],
    "forwarded ipv6": [UA + b"A/1", b"X-Forwarded-For: 2001:db8:1:2::3"],
    "forwarded nonsense": [UA + b"A/1", b"X-Forwarded-For: unknown"],
    "other forwarded": [UA + b"A/1", b"Forwarded: for=203.0.113.77", b"X-Real-IP: 203.0.113.77"],
    "underscore": [b"User_Agent: Under_score/1", b"X_Forwarded_For: 203.0.113.77"],
}


@pytest.fixture(scope="module", params=[0, 1], ids=["no-proxy", "one-proxy"])
def proxies(request):
    return request.param


@pytest.fixture(scope="module")
def ways(stack, proxies):
    """The addresses of two web servers on one stack: the lane's and the plain view's."""
    trust = {"TRUSTED_PROXIES": str(proxies)}
    yield (
        stack.start_web("web-lane", PIXEL_LANE="on", **trust),
        stack.start_web("web-plain", PIXEL_LANE="off", **trust),
    )
    stack.services["web-lane"].stop()
    stack.services["web-plain"].stop()


def path_of(pixel: dict) -> str:
    return re.search(r"/p/.+", pixel["url"])[0]


@pytest.fixture(scope="module")
def path(stack):
    [pixel] = stack.new_mail(pixels=1)
    return path_of(pixel)


@pytest.mark.parametrize("name", REPLIES)
def test_both_reply_with_the_same_bytes(ways, path, name):
    lane, plain = (exchange(url, REPLIES[name](path), to_end=True) for url in ways)
    assert undated(lane) == undated(plain)


def test_both_reply_with_the_same_bytes_on_a_kept_connection(ways, path):
    several = [request("GET", path), request("GET", "/p/bad.gif"), request("HEAD", path)]
    lane, plain = (exchange(url, *several) for url in ways)
    assert undated(lane) == undated(plain)
    assert lane.count(b"HTTP/1.1 200 OK") == 3


def status_and_headers(reply: bytes) -> tuple[str, list[tuple[str, str]]]:
    status, *lines = reply.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    headers = [(name.lower(), value) for name, value in (line.split(": ", 1) for line in lines)]
    return status, headers


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_pixel_has_exactly_these_headers(either, method):
    [pixel] = either.new_mail(pixels=1)
    reply = exchange(either.url, request(method, path_of(pixel)))
    status, headers = status_and_headers(undated(reply))
    assert status == "HTTP/1.1 200 OK"
    assert sorted(headers) == sorted(GIF_HEADERS.items())
    body = reply.partition(b"\r\n\r\n")[2]
    assert len(body) == (43 if method == "GET" else 0)
    either.settle()
    assert len(either.openings(pixel=pixel["id"])) == (1 if method == "GET" else 0)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_gets_405_and_is_no_hit(either, method):
    [pixel] = either.new_mail(pixels=1)
    reply = exchange(either.url, request(method, path_of(pixel)))
    status, headers = status_and_headers(undated(reply))
    assert status == "HTTP/1.1 405 Method Not Allowed"
    assert ("allow", "GET, HEAD") in headers
    either.settle()
    assert either.openings(pixel=pixel["id"]) == []


def recorded(stack, contacts: list[int]) -> dict[int, dict]:
    """What was recorded, by contact; the ids and times that must differ left out."""
    rows = stack.shell(f"""
from tracking.models import Opening
answer = list(Opening.objects.filter(contact__in={contacts}).values(
    "contact", "user_agent__text", "user_agent__client", "user_agent__os", "user_agent__device",
    "network_label", "network", "prefetch", "referer", "begins_mail_open", "verdict", "reason",
))
""")
    found = {row.pop("contact"): row for row in rows}
    assert len(found) == len(rows), "one opening per contact"
    return found


def test_both_record_the_same_hits(stack, ways, proxies):
    contacts = []
    for url in ways:
        _, pixels = stack.new_campaign(contacts=len(HITS), pixels=1)
        contacts.append([pixel["contact"] for pixel in pixels])
        for pixel, lines in zip(pixels, HITS.values(), strict=True):
            assert b"GIF89a" in exchange(url, request("GET", path_of(pixel), *lines))
    stack.settle()
    rows = recorded(stack, contacts[0] + contacts[1])
    lane, plain = (
        dict(zip(HITS, (rows.get(contact) for contact in each), strict=True)) for each in contacts
    )
    assert lane == plain
    assert None not in lane.values()
    expect(lane, proxies)


FORMS = {  # name → what is sent, for the path of a pixel
    "plain": lambda path: [request("GET", path)],
    "http/1.0": lambda path: [request("GET", path, version="1.0")],
    "close": lambda path: [request("GET", path, CLOSE)],
    "absolute": lambda path: [request("GET", "http://127.0.0.1" + path)],
    "percent-encoded": lambda path: [request("GET", path.replace(".gif", "%2Egif"))],
    "query": lambda path: [request("GET", path + "?a=b")],
    "body": lambda path: [request("GET", path, body=b"a=1")],
    "after others": lambda path: [request("HEAD", path), request("GET", path)],
    "twice": lambda path: [request("GET", path)] * 2,
}


def test_each_form_of_a_request_is_one_opening(stack, ways):
    for url in ways:
        _, pixels = stack.new_campaign(contacts=len(FORMS), pixels=1)
        for pixel, form in zip(pixels, FORMS.values(), strict=True):
            assert b"GIF89a" in exchange(url, *form(path_of(pixel)))
        stack.settle()
        rows = recorded(stack, [pixel["contact"] for pixel in pixels])
        assert len(rows) == len(FORMS)


def expect(rows: dict[str, dict], proxies: int):
    """What no other way of recording may bring, said in full."""
    assert rows["no user agent"]["user_agent__text"] == ""
    assert rows["2,000 characters"]["user_agent__text"] == "Mozilla/5.0 " + "x" * 500
    assert rows["latin-1"]["user_agent__text"].startswith("Client/1 éÿ")
    assert rows["prefetch"]["prefetch"] is True
    assert rows["prefetch"]["verdict"] == "machine"
    assert rows["another purpose"]["prefetch"] is False
    assert rows["thunderbird"]["verdict"] == "human"
    assert rows["referer"]["referer"] == "mail.example.com"
    seen = {name: row["network"] for name, row in rows.items()}
    assert seen["thunderbird"] == seen["other forwarded"] == "127.0.0.0/24"
    for name in ("forwarded", "forwarded twice", "two forwarded lines"):
        assert seen[name] == ("203.0.113.0/24" if proxies else "127.0.0.0/24")
    assert seen["forwarded ipv6"] == ("2001:db8:1::/48" if proxies else "127.0.0.0/24")
    assert rows["gmail"]["network_label"] == ("google" if proxies else "")
