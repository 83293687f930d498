"""`GET /stats`: exact figures, by the express lane and by the plain view."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_redis import get_redis_connection
from redis.exceptions import ConnectionError as ConnectionLost

from accounts.tests.people import client_of, make_user
from tracking.models import ViewCell, Visitor
from tracking.page_views import kept_answers
from tracking.page_views.record import record_views
from tracking.page_views.statistics import Question
from tracking.tests.applications import APPLICATIONS, ask, for_pages
from tracking.tests.test_page_view_record import view

pytestmark = pytest.mark.django_db(transaction=True)  # the lane asks in a thread of its own
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOTHING = {"total_views": 0, "unique_visitors": 0}
ANY_PAGE = {"access-control-allow-origin": "*"}


@pytest.fixture(params=APPLICATIONS)
def application(request, redis_client):
    return request.param


def stats(application, query=b"", method="GET", headers=()):
    """(status, JSON)"""
    if isinstance(query, str):
        query = query.encode()
    status, _, body = ask(application, method, "/stats", headers, query=query)
    return status, json.loads(body) if body else None


def figures(application, query="") -> dict:
    status, answer = stats(application, query)
    assert status == 200, answer
    as_of = datetime.fromisoformat(answer.pop("as_of"))
    assert abs(datetime.now(UTC) - as_of) < timedelta(minutes=1)
    return answer


def record_some():
    """Three pages: 5, 3 and 3 views by 3, 1 and 2 visitors; 4 visitors altogether."""
    record_views(
        [view("home", user) for user in "aabbc"]
        + [view("news", "a", NOON + timedelta(hours=1))] * 1
        + [view("news", "a", NOON + timedelta(hours=1)) for _ in range(2)]
        + [view("über uns & mehr", user, NOON + timedelta(hours=3)) for user in "add"]
    )


def test_where_nobody_came_all_is_zero(application):
    assert figures(application) == NOTHING
    assert figures(application, "page_id=home") == NOTHING
    assert figures(application, "by=page") == NOTHING | {"pages": [], "next": None}


def test_it_tells_views_and_visitors_in_total_and_of_a_page(application):
    record_some()
    assert figures(application) == {"total_views": 11, "unique_visitors": 4}
    assert figures(application, "page_id=news") == {"total_views": 3, "unique_visitors": 1}
    of_umlauts = figures(application, "page_id=%C3%BCber+uns%20%26+mehr")
    assert of_umlauts == {"total_views": 3, "unique_visitors": 2}
    assert figures(application, "page_id=Home") == NOTHING


def test_pages_come_in_the_order_of_their_views_page_by_page(application):
    record_some()
    first = figures(application, "by=page&page_size=2")
    assert first["pages"] == [
        {"page_id": "home", "views": 5, "visitors": 3},
        {"page_id": "news", "views": 3, "visitors": 1},
    ]
    assert first["total_views"] == 11
    path, _, query = first["next"].partition("?")
    assert path == "/stats"
    second = figures(application, query)
    assert second["pages"] == [{"page_id": "über uns & mehr", "views": 3, "visitors": 2}]
    assert second["next"] is None


def walk(application, size: int) -> list[dict]:
    """All pages, by following `next`."""
    found, query = [], f"by=page&page_size={size}"
    while query:
        answer = figures(application, query)
        assert len(answer["pages"]) <= size
        found += answer["pages"]
        query = (answer["next"] or "").partition("?")[2]
    return found


@pytest.mark.parametrize("size", [1, 3, 4])
def test_whoever_follows_next_is_told_each_page_once(application, size):
    hits = [view(f"page {number}", "a") for number in range(9) for _ in range(1 + number // 3)]
    record_views(hits)
    walked = walk(application, size)
    assert walked == figures(application, "by=page")["pages"]
    assert [each["views"] for each in walked] == [3] * 3 + [2] * 3 + [1] * 3
    assert len({each["page_id"] for each in walked}) == 9


def test_the_next_pages_come_after_a_place_whoever_has_moved_before_it(application):
    record_some()
    query = figures(application, "by=page&page_size=1")["next"].partition("?")[2]
    record_views([view("über uns & mehr", "z") for _ in range(9)])
    assert walk(application, 2)[0]["page_id"] == "über uns & mehr"  # another question: none is kept
    assert [each["page_id"] for each in figures(application, query)["pages"]] == ["news"]


def test_a_page_whose_views_were_all_refused_is_not_told(application):
    Visitor.objects.erase("a")
    record_views([view("secret", "a"), view("home", "b")])
    assert [each["page_id"] for each in walk(application, 10)] == ["home"]


def test_no_page_of_the_list_is_counted_off_or_sorted(redis_client):
    record_some()
    with CaptureQueriesContext(connection) as captured:
        Question.read(b"by=page&page_size=1&after=4-0").answer()
    every = [each["sql"] for each in captured]
    asked = [sql for sql in every if "DESC" in sql]
    assert len(asked) == 2  # those with as many views, and those with fewer
    assert not [sql for sql in asked if "OFFSET" in sql]
    if connection.vendor == "sqlite":  # elsewhere the plan depends on how many rows there are
        for sql in asked:
            with connection.cursor() as cursor:
                plan = str(cursor.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall())
            assert "most_viewed_pages" in plan
            assert "TEMP B-TREE" not in plan


def test_hours_are_told_one_by_one_also_those_without_views(application):
    record_some()
    asked = "bucket=hour&from=2026-03-01T12:00:00Z&to=2026-03-01T16:00:00Z"
    assert figures(application, asked)["series"] == [
        {"at": "2026-03-01T12:00:00Z", "views": 5, "visitors": 3},
        {"at": "2026-03-01T13:00:00Z", "views": 3, "visitors": 1},
        {"at": "2026-03-01T14:00:00Z", "views": 0, "visitors": 0},
        {"at": "2026-03-01T15:00:00Z", "views": 3, "visitors": 2},
    ]
    of_news = figures(application, asked + "&page_id=news")["series"]
    assert [each["views"] for each in of_news] == [0, 3, 0, 0]


def test_an_hour_that_is_asked_for_in_part_is_told_whole(application):
    record_some()
    asked = "bucket=hour&from=2026-03-01T13:59:59%2B01:00&to=2026-03-01T12:00:00.5Z"
    assert [each["at"] for each in figures(application, asked)["series"]] == [
        "2026-03-01T12:00:00Z"
    ]


def test_without_a_time_the_last_day_is_told(application, time_machine):
    time_machine.move_to(NOON + timedelta(minutes=30), tick=False)
    series = figures(application, "bucket=hour")["series"]
    assert [series[0]["at"], series[-1]["at"]] == ["2026-02-28T13:00:00Z", "2026-03-01T12:00:00Z"]
    assert len(series) == 24


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=home", "page"),
        ("page_id=", "page_id"),
        ("by=user", "by"),
        ("by=page&page_id=home", "by"),
        ("by=page&bucket=hour", "by"),
        ("by=page&page_size=0", "page_size"),
        ("by=page&page_size=1001", "page_size"),
        ("by=page&page_size=%C2%B2", "page_size"),
        ("by=page&after=-1", "after"),
        ("by=page&after=1-2-3", "after"),
        ("by=page&after=1-%C2%B2", "after"),
        ("by=page&after=9999999999999999999-1", "after"),
        ("bucket=day", "bucket"),
        ("from=2026-03-01T12:00:00Z", "bucket"),
        ("bucket=hour&from=yesterday", "from"),
        ("bucket=hour&from=2026-03-01T12:00:00", "from"),
        ("bucket=hour&from=2026-02-30T12:00:00Z", "from"),
        ("bucket=hour&to=9999-12-31T23:59:59-23:00", "to"),
        ("bucket=hour&to=9999-12-31T23:59:59Z", "to"),
        ("bucket=hour&from=0001-01-01T00:00:00%2B23:00", "from"),
        ("bucket=hour&from=2026-03-01T12:00:00Z&to=2026-03-01T12:00:00Z", "from"),
        ("bucket=hour&from=2020-03-01T12:00:00Z&to=2026-03-01T12:00:00Z", "from"),
    ],
)
def test_what_it_does_not_understand_it_says(application, query, field):
    status, answer = stats(application, query)
    assert (status, answer["code"]) == (400, "invalid")
    assert answer["errors"][0]["field"] == field
    assert answer["detail"].endswith(".")


@pytest.mark.parametrize("query", [b"page_id=%FF", b"&".join([b"by=page"] * 30)])
def test_a_query_that_can_not_be_read_is_refused(application, query):
    assert stats(application, query)[0] == 400


def test_other_methods_are_refused_and_browsers_may_ask(application):
    assert stats(application, method="POST")[0] == 405
    assert stats(application, method="HEAD") == (200, None)
    origin = [("Origin", "https://shop.example.com")]
    status, headers, _ = ask(application, "OPTIONS", "/stats", origin)
    named = {name.lower(): value for name, value in headers}
    assert (status, named["access-control-allow-methods"]) == (204, "GET, HEAD")
    _, headers, _ = ask(application, "GET", "/stats", origin)
    named = {name.lower(): value for name, value in headers}
    assert named["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "query"), [("GET", b""), ("GET", b"by=user"), ("POST", b""), ("OPTIONS", b"")]
)
def test_any_page_may_read_it_and_none_with_cookies(application, method, query):
    origin = [("Origin", "https://shop.example.com")]
    _, headers, _ = ask(application, method, "/stats", origin, query=query)
    told = for_pages(headers)
    assert told["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in told


def test_an_answer_is_kept_for_a_second(application, redis_client):
    record_some()
    before = stats(application)
    ViewCell.objects.update(views=0)
    assert stats(application) == before
    [key] = redis_client.keys("stats:*")
    assert 0 < redis_client.pttl(key) <= 1000
    redis_client.delete(key)
    assert figures(application)["total_views"] == 0


def test_without_redis_it_asks_the_database(application, monkeypatch):
    record_some()

    def fail(*arguments, **options):
        raise ConnectionLost

    async def fail_later(*arguments, **options):
        raise ConnectionLost

    monkeypatch.setattr(kept_answers, "get_redis_connection", lambda name: Broken(fail))
    monkeypatch.setattr(kept_answers.AsyncRedis, "get", fail_later)
    monkeypatch.setattr(kept_answers.AsyncRedis, "set", fail_later)
    assert figures(application)["total_views"] == 11


def test_a_redis_that_hangs_is_waited_for_no_longer_than_by_hits(settings):
    options = get_redis_connection("figures").connection_pool.connection_kwargs
    for name in ("socket_timeout", "socket_connect_timeout"):
        assert options[name] == settings.REDIS_HOT[name]


def test_the_plain_view_asks_by_these_connections(monkeypatch, redis_client):
    asked = []

    def connection_of(name):
        asked.append(name)
        return redis_client

    monkeypatch.setattr(kept_answers, "get_redis_connection", connection_of)
    assert stats("plain view")[0] == 200
    assert asked == ["figures"]


class Broken:
    def __init__(self, fail):
        self.get = self.set = fail


def test_without_a_database_it_says_so(application, monkeypatch):
    def fail(question, as_of):
        raise OperationalError(2006, "gone")

    monkeypatch.setattr(kept_answers.Question, "answer", fail)
    status, answer = stats(application)
    assert (status, answer["code"]) == (503, "unavailable")


# -- Where it is not public ----------------------------------------------------------------------
FROM_A_PAGE = {"Origin": "https://shop.example.com"}


@pytest.fixture
def closed(settings, redis_client):
    settings.STATS_PUBLIC = False


def test_a_stranger_is_told_nothing_where_it_is_not_public(closed, client):
    reply = client.get("/stats")
    assert reply.status_code == 401
    assert reply.json()["code"] == "not_authenticated"
    assert client_of(make_user()).get("/stats").json()["total_views"] == 0


@pytest.mark.parametrize("credentials", ["", "Bearer e30.e30.e30", "Api-Key nobody.knows"])
def test_a_page_may_read_that_it_is_refused(closed, client, credentials):
    reply = client.get("/stats", headers=FROM_A_PAGE | {"Authorization": credentials})
    assert reply.status_code == 401
    assert for_pages(reply.items()) == ANY_PAGE


def test_a_page_may_ask_with_a_token_and_not_with_cookies(closed, client):
    asked = {"Access-Control-Request-Headers": "authorization"} | FROM_A_PAGE
    reply = client.options("/stats", headers=asked)
    assert (reply.status_code, reply.content) == (204, b"")
    told = for_pages(reply.items())
    assert told["access-control-allow-origin"] == "*"
    assert "Authorization" in told["access-control-allow-headers"]
    assert "GET" in told["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in told

    client.force_login(make_user())
    reply = client.get("/stats", headers=FROM_A_PAGE)
    assert reply.status_code == 200
    assert for_pages(reply.items()) == ANY_PAGE  # no browser shows it to a page that sent cookies


def test_a_page_may_read_that_its_body_is_refused(closed, client):
    wrong = {"content_type": "application/json; charset=utf-16", "headers": FROM_A_PAGE}
    reply = client.post("/stats", b"{}", **wrong)
    assert reply.status_code == 415
    assert for_pages(reply.items()) == ANY_PAGE


def test_the_lane_leaves_it_to_django_where_it_is_not_public(closed):
    with pytest.raises(AssertionError, match="let it through"):
        stats("lane")


def test_pages_can_read_what_the_limits_of_requests_refuse():
    refused = Client().generic("GET", "/stats", b"{}", "application/json; charset=latin-1")
    assert refused.status_code == 415
    assert refused["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in refused
