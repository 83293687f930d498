"""The express lane and the plain view, side by side: the same replies, the same hits."""

import dataclasses
from unittest.mock import Mock
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.token import make_token
from tracking import spool
from tracking.fallback import Database
from tracking.kinds import unpack
from tracking.lane import ExpressLane
from tracking.reply import GIF
from tracking.stream import stream_key
from tracking.tests.applications import APPLICATIONS, ask

UUID_ = uuid4()
GOOD = f"/p/{make_token(UUID_)}.gif"
HEADERS = [
    ("content-type", "image/gif"),
    ("content-length", "43"),
    ("cache-control", "no-store, no-cache, must-revalidate, max-age=0, private"),
    ("pragma", "no-cache"),
    ("expires", "0"),
]


def fetch(name, path=GOOD, method="GET", headers=()):
    """(status, headers, body) from one of the two applications."""
    return ask(name, method, path, headers)


def stored_hits(redis_client):
    entries = redis_client.xrange(stream_key(0))
    redis_client.flushall()
    return [unpack(*item) for _, packed in entries for item in packed.items()]


@pytest.fixture(params=APPLICATIONS)
def application(request, redis_client):
    return request.param


def test_a_pixel_is_a_gif_that_nobody_keeps(application):
    assert fetch(application) == (200, HEADERS, GIF)
    assert GIF.startswith(b"GIF89a")
    assert len(GIF) == 43


@pytest.mark.parametrize(
    "path",
    [
        "/p/x.gif",
        "/p/" + "A" * 119 + ".gif",
        GOOD.replace(".gif", "=.gif"),
        "/p/a/b.gif",
        "/p/\n.gif",
        "/p/ä€.gif",
        "/p/" + "x" * 5000 + ".gif",
        "/p/..gif",
    ],
)
def test_a_bad_token_gets_the_same_reply_and_leaves_nothing(application, path, redis_client):
    assert fetch(application, path) == (200, HEADERS, GIF)
    assert stored_hits(redis_client) == []


def test_a_head_gets_the_headers_and_is_no_hit(application, redis_client):
    status, headers, body = fetch(application, method="HEAD")
    assert (status, headers) == (200, HEADERS)
    assert body in (b"", GIF)  # the server cuts off what an application adds to a HEAD
    assert stored_hits(redis_client) == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_not_allowed(application, method, redis_client):
    status, headers, body = fetch(application, method=method)
    assert (status, headers, body) == (405, [("allow", "GET, HEAD"), ("content-length", "0")], b"")
    assert stored_hits(redis_client) == []


def test_a_refresh_gets_the_same_reply(application, redis_client):
    assert [fetch(application) for _ in range(2)] == [(200, HEADERS, GIF)] * 2
    assert len(stored_hits(redis_client)) == 1


def test_a_pixel_is_served_though_its_hit_is_lost(application, redis_is_down, caplog, monkeypatch):
    monkeypatch.setattr(Database, "take", lambda *_: None)
    monkeypatch.setattr(spool.SpoolWriter, "write", Mock(side_effect=OSError(28, "disk full")))
    assert fetch(application) == (200, HEADERS, GIF)
    assert "Lost 1 hits" in caplog.text
    assert GOOD not in caplog.text


@pytest.mark.parametrize("proxies", [0, 1])
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("user-agent", "x" * 2000)],
        [("user-agent", "Bär\xff"), ("user-agent", "twice")],
        [("sec-purpose", "prefetch"), ("referer", "http://mail.google.com/x?y=1")],
        [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", "66.249.80.9")],
        [("x-forwarded-for", "nonsense")],
        [("host", "unlisted.example.org"), ("cookie", "a=b")],
    ],
)
def test_both_take_in_the_same_hit(headers, proxies, redis_client, settings, time_machine):
    time_machine.move_to("2026-03-01T12:00:00Z", tick=False)
    settings.TRUSTED_PROXIES = proxies
    taken = []
    for name in APPLICATIONS:
        fetch(name, headers=headers)
        [hit] = stored_hits(redis_client)
        taken.append(dataclasses.replace(hit, event_id=b""))
    assert taken[0] == taken[1]


def short_way(method="GET", path=GOOD, headers=()):
    raw = [(name.encode(), value.encode()) for name, value in headers]
    return ExpressLane(None).quick(method.encode(), path.encode(), raw, "203.0.113.9")


def test_an_opening_has_a_short_way_whatever_its_headers():
    assert short_way()
    assert short_way(headers=[("x-forwarded-for", "nonsense"), ("cookie", "a=b")])


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("HEAD", GOOD, ()),
        ("POST", GOOD, ()),
        ("GET", GOOD + "?a=b", ()),
        ("GET", "http://example.org" + GOOD, ()),
        ("GET", GOOD.replace(".gif", "%2Egif"), ()),
        ("GET", GOOD[:9] + "?" + GOOD[10:], ()),
        ("GET", GOOD[:9] + "#" + GOOD[10:], ()),
        ("GET", "/p/x.gif", ()),
        ("GET", GOOD + "\n", ()),
        ("GET", GOOD, [("content-length", "3")]),
        ("GET", GOOD, [("transfer-encoding", "chunked")]),
    ],
)
def test_nothing_else_has(method, path, headers):
    assert short_way(method, path, headers) is None


def test_the_url_map_names_the_plain_view(redis_client):
    path = reverse("pixel", args=[make_token(UUID_)])
    response = Client().get(path)
    assert response.status_code == 200
    assert [(name.lower(), value) for name, value in response.headers.items()] == HEADERS
    assert response.content == GIF
    assert len(stored_hits(redis_client)) == 1


def test_https_redirects_no_pixel(settings, redis_client):
    settings.SECURE_SSL_REDIRECT = True
    assert Client().get(GOOD).status_code == 200


def test_tests_may_ask_what_became_of_a_hit(redis_client, settings):
    settings.PIXEL_OUTCOME_HEADER = True
    outcomes = [Client().get(path)["X-Pixel-Outcome"] for path in (GOOD, GOOD, "/p/x.gif")]
    assert outcomes == ["stored", "refresh", "unknown"]
