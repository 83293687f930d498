"""`POST /track` and `GET /t.gif`, by the express lane and by the plain views: the same answers."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracking import collect, group_commit, stream
from tracking.kinds import unpack
from tracking.page_views import answers
from tracking.page_views.hit import ViewHit
from tracking.page_views.reply import Refused
from tracking.page_views.track import BODY_BYTES, Arrival, read_body
from tracking.reply import GIF
from tracking.stream import stream_key
from tracking.tests.applications import (
    APPLICATIONS,
    ask,
    for_pages,
)
from tracking.way import Way, ways

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
JSON, TEXT = "application/json", "text/plain;charset=UTF-8"
FORM = "application/x-www-form-urlencoded"
VIEW = {"page_id": "home", "user_id": "user123"}


@pytest.fixture(params=APPLICATIONS)
def application(request, redis_client):
    return request.param


@pytest.fixture
def at_noon(time_machine):
    time_machine.move_to(NOON, tick=False)


def track(application, content, content_type=JSON, **headers):
    """(status, JSON) of a POST."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    named = [("Content-Type", content_type), *headers.items()]
    status, _, answer = ask(application, "POST", "/track", named, body)
    return status, json.loads(answer)


def stored(redis_client) -> list[ViewHit]:
    entries = redis_client.xrange(stream_key(0, ViewHit))
    return [unpack(*item) for _, packed in entries for item in packed.items()]


def test_a_view_is_answered_with_its_event_id_and_stored(application, redis_client, at_noon):
    status, answer = track(application, VIEW)
    assert status == 202
    [hit] = stored(redis_client)
    assert answer == {"event_id": str(UUID(bytes=hit.event_id))}
    assert (hit.page_id, hit.user_id, hit.referrer) == ("home", "user123", "")
    assert hit.at == NOON.timestamp() * 1000


def test_what_may_be_given_beside_them_is_kept(application, redis_client, at_noon):
    event_id = uuid4()
    more = {
        "event_id": str(event_id),
        "viewed_at": "2026-03-01T11:30:00+01:00",
        "referrer": "https://news.example.com/article?reader=somebody",
    }
    status, answer = track(application, VIEW | more)
    assert (status, answer) == (202, {"event_id": str(event_id)})
    [hit] = stored(redis_client)
    assert hit.event_id == event_id.bytes
    assert hit.at == (NOON - timedelta(minutes=90)).timestamp() * 1000
    assert hit.referrer == "news.example.com"


@pytest.mark.parametrize("ahead", [timedelta(microseconds=1), timedelta(minutes=5)])
def test_a_clock_that_is_a_little_ahead_is_taken_to_say_now(
    application, redis_client, at_noon, ahead
):
    status, _ = track(application, VIEW | {"viewed_at": (NOON + ahead).isoformat()})
    assert status == 202
    [hit] = stored(redis_client)
    assert hit.at == NOON.timestamp() * 1000


def test_a_time_that_is_to_come_is_refused(application, redis_client, at_noon):
    late = NOON + timedelta(minutes=5, milliseconds=1)
    status, answer = track(application, VIEW | {"viewed_at": late.isoformat()})
    assert (status, answer["code"]) == (422, "future")
    assert stored(redis_client) == []


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (VIEW, JSON),
        (VIEW, "APPLICATION/JSON; charset=utf-8"),
        (b"\xef\xbb\xbf" + json.dumps(VIEW).encode(), JSON),
        (VIEW, TEXT),
        (urlencode(VIEW).encode(), FORM),
        (urlencode(VIEW).encode(), f"{FORM};charset=UTF-8"),
    ],
)
def test_it_takes_json_text_and_forms(application, redis_client, content, content_type):
    assert track(application, content, content_type)[0] == 202
    [hit] = stored(redis_client)
    assert (hit.page_id, hit.user_id) == ("home", "user123")


def test_each_of_a_list_is_answered_in_its_order(application, redis_client):
    event_id = str(uuid4())
    rows = [VIEW, {"page_id": "home"}, VIEW | {"event_id": event_id}, 7, VIEW | {"user_id": ""}]
    status, answer = track(application, rows)
    assert status == 202
    first, no_user, third, no_object, empty = answer["results"]
    assert third == {"event_id": event_id}
    assert {first["event_id"], event_id} == {
        str(UUID(bytes=hit.event_id)) for hit in stored(redis_client)
    }
    assert no_user["error"]["field"] == empty["error"]["field"] == "user_id"
    assert no_object["error"]["code"] == "invalid"


@pytest.mark.parametrize("letter", ["\u20ac", "\U0001f600"])
def test_names_as_long_as_they_may_be_come_by_form(application, redis_client, letter):
    view = {"page_id": letter * 255, "user_id": letter * 255, "referrer": letter * 2048}
    assert track(application, urlencode(view).encode(), FORM)[0] == 202
    [hit] = stored(redis_client)
    assert (hit.page_id, hit.user_id) == (letter * 255, letter * 255)


def test_a_thousand_views_come_in_one_request_and_no_more(application, redis_client):
    rows = [VIEW | {"event_id": str(uuid4())} for _ in range(1000)]
    rows[500] = {}
    status, answer = track(application, rows)
    assert status == 202
    told = [each.get("event_id") for each in answer["results"]]
    assert told == [each.get("event_id") for each in rows]
    assert len(stored(redis_client)) == 999
    redis_client.flushall()
    assert track(application, [VIEW] * 1001)[0] == 413
    assert stored(redis_client) == []


BAD = {
    "no JSON": (b"{", JSON, 400),
    "not a number": (b'{"page_id": NaN}', JSON, 400),
    "not UTF-8": (b'{"page_id": "\xff"}', JSON, 400),
    "too deep": (b"[" * 20_000, JSON, 400),
    "a long number": (b"[" + b"9" * 10_000 + b"]", JSON, 400),
    "no form": (b"page_id=%FF", FORM, 400),
    "many fields": (b"&".join(b"a=b" for _ in range(1000)), FORM, 400),
    "another type": (b"{}", "application/xml", 415),
    "no type": (b"{}", "", 415),
    "another charset": (b"{}", "application/json; charset=utf-16", 415),
    "multipart": (b"--x--", "multipart/form-data; boundary=x", 415),
    "too long": (b" " * BODY_BYTES + b"{}", JSON, 413),
    "long to parse": (b"[" + b"[]," * 300_000 + b"[]]", JSON, 413),
    "many members": (b"{%s}" % b",".join(b'"%d":1' % n for n in range(90_000)), JSON, 413),
    "a long form": (b"page_id=" + b"%41" * 300_000, FORM, 413),
    "an empty list": ([], JSON, 422),
    "nothing": ({}, JSON, 422),
    "null": (b"null", JSON, 422),
    "a text": (b'"home"', JSON, 422),
    "no user": ({"page_id": "home"}, JSON, 422),
    "an empty page": (VIEW | {"page_id": ""}, JSON, 422),
    "a number for a page": (VIEW | {"page_id": 7}, JSON, 422),
    "a long page": (VIEW | {"page_id": "x" * 256}, JSON, 422),
    "a NUL": (VIEW | {"user_id": "a\0b"}, JSON, 422),
    "a line break": (VIEW | {"user_id": "a\nb"}, JSON, 422),
    "a lone surrogate": (b'{"page_id": "\\ud800", "user_id": "x"}', JSON, 422),
    "no UUID": (VIEW | {"event_id": "1"}, JSON, 422),
    "an empty UUID": (VIEW | {"event_id": str(UUID(int=0))}, JSON, 422),
    "a number for a UUID": (VIEW | {"event_id": 1}, JSON, 422),
    "no time": (VIEW | {"viewed_at": "yesterday"}, JSON, 422),
    "no such day": (VIEW | {"viewed_at": "2026-02-30T12:00:00Z"}, JSON, 422),
    "no zone": (VIEW | {"viewed_at": "2026-03-01T12:00:00"}, JSON, 422),
    "the future": (VIEW | {"viewed_at": "2026-03-01T12:06:00Z"}, JSON, 422),
    "long ago": (VIEW | {"viewed_at": "0001-01-01T00:00:00+14:00"}, JSON, 422),
    "a long referrer": (VIEW | {"referrer": "https://example.com/" + "x" * 2048}, JSON, 422),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_explained_and_nothing_is_stored(application, name, redis_client, at_noon):
    content, content_type, expected = BAD[name]
    status, answer = track(application, content, content_type)
    assert status == expected == answer["status"]
    assert answer.keys() == {"type", "title", "status", "detail", "code", "errors"}
    assert answer["detail"].endswith(".")
    assert stored(redis_client) == []


def test_what_retention_has_deleted_is_refused(application, redis_client, at_noon, settings):
    settings.PAGE_VIEW_RETENTION_DAYS = 10
    old = (NOON - timedelta(days=10, milliseconds=1)).isoformat()
    status, answer = track(application, VIEW | {"viewed_at": old})
    assert (status, answer["code"]) == (422, "too_old")


@given(
    content=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["page_id", "user_id", "event_id", "viewed_at", "referrer"])
                | st.text(),
                inner,
            )
        ),
        max_leaves=12,
    )
)
@settings(max_examples=200, deadline=None)
def test_whatever_json_comes_it_is_read_or_refused(content):
    for row in read(json.dumps(content).encode(), JSON):
        if isinstance(row, ViewHit):
            assert unpack(row.event_id, row.packed) == row
        else:
            assert row.status in (400, 413, 422)
            assert row.reply.body.decode().isascii()


@given(body=st.binary(max_size=300), content_type=st.sampled_from([JSON, TEXT, FORM, "x", ""]))
@settings(max_examples=200, deadline=None)
def test_whatever_bytes_come_they_are_read_or_refused(body, content_type):
    for row in read(body, content_type):
        assert isinstance(row, ViewHit) or row.status in (400, 415, 422)


def read(body: bytes, content_type: str) -> list[ViewHit | Refused]:
    try:
        sent = read_body(body, content_type, Arrival.now(""))
    except Refused as refused:
        return [refused]
    sent.read()
    return sent.rows


# -- Tries of one request ------------------------------------------------------------------------
def test_each_try_of_a_request_by_a_proxy_has_the_same_event_ids(
    application, redis_client, settings
):
    settings.TRUSTED_PROXIES = 1
    rows = [VIEW, VIEW, VIEW | {"page_id": "other"}]
    request_id = {"X-Request-ID": "0af7651916cd43dd8448eb211c80319c"}
    tries = [track(application, rows, **request_id)[1] for _ in range(2)]
    assert tries[0] == tries[1]
    assert len({row["event_id"] for row in tries[0]["results"]}) == 3
    assert track(application, rows, **{"X-Request-ID": "another"})[1] != tries[0]


def test_a_stranger_can_not_choose_the_event_ids(application, redis_client):
    request_id = {"X-Request-ID": "0af7651916cd43dd8448eb211c80319c"}
    assert track(application, VIEW, **request_id) != track(application, VIEW, **request_id)


# -- Pages that ask ------------------------------------------------------------------------------
def test_a_page_of_any_origin_may_send_and_read(application, redis_client):
    origin = ("Origin", "https://shop.example.com")
    preflight = [origin, ("Access-Control-Request-Method", "POST")]
    status, headers, body = ask(application, "OPTIONS", "/track", preflight)
    assert (status, body) == (204, b"")
    assert for_pages(headers)["access-control-allow-methods"] == "POST"
    assert "Content-Type" in for_pages(headers)["access-control-allow-headers"]
    assert for_pages(headers)["access-control-allow-origin"] == "https://shop.example.com"


@pytest.mark.parametrize("content", [VIEW, {}])
def test_a_page_may_read_the_answer_also_where_it_is_an_error(application, redis_client, content):
    named = [("Content-Type", JSON), ("Origin", "https://shop.example.com")]
    _, headers, _ = ask(application, "POST", "/track", named, json.dumps(content).encode())
    assert for_pages(headers) == {
        "access-control-allow-origin": "https://shop.example.com",
        "access-control-allow-credentials": "true",
    }


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_another_method_is_refused(application, method):
    status, headers, _ = ask(application, method, "/track")
    assert status == 405
    assert ("POST, OPTIONS") in dict(headers).values()


# -- Pages without JavaScript --------------------------------------------------------------------
def fetch_gif(application, method="GET", **query):
    return ask(application, method, "/t.gif", query=urlencode(query).encode())


def test_a_gif_stores_a_view(application, redis_client):
    status, headers, body = fetch_gif(application, **VIEW)
    assert (status, body) == (200, GIF)
    named = {name.lower(): value for name, value in headers}
    assert named["content-type"] == "image/gif"
    assert "no-store" in named["cache-control"]
    [hit] = stored(redis_client)
    assert (hit.page_id, hit.user_id) == ("home", "user123")


@pytest.mark.parametrize("query", [{}, {"page_id": "home"}, {"page_id": "x" * 300, "user_id": "y"}])
def test_a_gif_is_shown_also_where_nothing_can_be_stored(application, redis_client, query):
    assert fetch_gif(application, **query) == fetch_gif(application, **VIEW)
    assert len(stored(redis_client)) == 1


def test_a_head_of_the_gif_is_no_view(application, redis_client):
    assert fetch_gif(application, "HEAD", **VIEW)[0] == 200
    assert fetch_gif(application, "POST", **VIEW)[0] == 405
    assert stored(redis_client) == []


# -- Where no store takes anything ---------------------------------------------------------------
@pytest.fixture
def no_store(monkeypatch):
    def fail(*arguments):
        raise OSError

    async def fail_later(*arguments):
        raise OSError

    monkeypatch.setattr(stream, "append", fail)
    monkeypatch.setattr(stream.AsyncAppender, "append", fail_later)
    monkeypatch.setattr(Way, "is_to_measure", lambda way: False)
    ways.forget()

    class Nothing:
        take = take_to_spool = staticmethod(lambda hits: None)
        close = staticmethod(lambda: None)

    monkeypatch.setattr(collect, "fallback", Nothing)
    monkeypatch.setattr(group_commit, "fallback", Nothing)


@pytest.mark.parametrize("content", [VIEW, [VIEW, VIEW]])
def test_a_view_that_no_store_took_is_to_be_sent_again(application, no_store, content):
    status, answer = track(application, content)
    assert (status, answer["code"]) == (503, "unavailable")


@pytest.mark.parametrize("content", [VIEW, [VIEW]])
def test_what_fails_once_a_view_is_stored_reaches_whoever_waits(redis_client, monkeypatch, content):
    """By the shortcut, where nothing else would tell them; see `pixeltrack.shortcut`."""

    def fail(*arguments):
        raise LookupError

    monkeypatch.setattr(answers, "to_track", fail)
    with pytest.raises(LookupError):
        track("shortcut", content)
    assert len(stored(redis_client)) == 1


# -- For tests -----------------------------------------------------------------------------------
@pytest.mark.parametrize("is_asked", [True, False])
def test_tests_may_ask_what_became_of_views(application, redis_client, settings, is_asked):
    settings.PIXEL_OUTCOME_HEADER = is_asked
    body = json.dumps([VIEW, VIEW, {}]).encode()
    replies = [
        ask(application, "POST", "/track", [("Content-Type", JSON)], body),
        ask(application, "GET", "/t.gif", query=urlencode(VIEW).encode()),
    ]
    told = [
        value
        for _, headers, _ in replies
        for name, value in headers
        if name.lower() == "x-pixel-outcome"
    ]
    assert told == ["stored"] * 2 * is_asked
