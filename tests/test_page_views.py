"""Many page views at once, some of them sent again: what `/stats` tells of them is exact."""

import json
import secrets
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.client import HTTPConnection
from random import Random
from urllib.parse import urlsplit
from uuid import UUID

from tests.services import PATIENCE
from tests.thorough import THOROUGH

VIEWS = 100_000 if THOROUGH else 5_000
VISITORS, PAGES = VIEWS // 10, 50
CONNECTIONS = 16
ROWS = 50  # of a list; three in four views come in lists
DAY = datetime(2025, 3, 1, tzinfo=UTC)


def make_views(name: str) -> list[dict]:
    """By each visitor at least one; pages and visitors are told from others by their names."""
    dice = Random(name)
    return [
        {
            "page_id": f"{name} {dice.randrange(PAGES)}",
            "user_id": f"{name} {number if number < VISITORS else dice.randrange(VISITORS)}",
            "event_id": str(UUID(int=dice.getrandbits(128), version=4)),
            "viewed_at": DAY.replace(hour=dice.randrange(24), minute=30).isoformat(),
        }
        for number in range(VIEWS)
    ]


def make_requests(views: list[dict], name: str) -> list[dict | list[dict]]:
    """One in ten is sent a second time, beside the others that are sent."""
    dice = Random(name)
    sent = views + dice.sample(views, len(views) // 10)
    dice.shuffle(sent)
    alone = len(sent) // 4
    lists = [sent[start : start + ROWS] for start in range(alone, len(sent), ROWS)]
    requests = sent[:alone] + lists
    dice.shuffle(requests)
    return requests


def send_all(url: str, requests: list[dict | list[dict]]):
    """Each must be answered with the event ids that were sent."""
    left = iter(requests)  # one for all: each connection takes the next

    def send():
        connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
        for views in left:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/track", json.dumps(views), headers)
            reply = connection.getresponse()
            answer = json.loads(reply.read())
            assert reply.status == 202, answer
            told = answer["results"] if isinstance(views, list) else [answer]
            sent = views if isinstance(views, list) else [views]
            assert told == [{"event_id": view["event_id"]} for view in sent]
        connection.close()

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for sent in [pool.submit(send) for _ in range(CONNECTIONS)]:
            sent.result()


def counted(views: list[dict], field: str) -> dict[str, tuple[int, int]]:
    """Views and visitors by what this field says."""
    users = defaultdict(list)
    for view in views:
        users[view[field]].append(view["user_id"])
    return {each: (len(found), len(set(found))) for each, found in users.items()}


def totals(answer: dict) -> tuple[int, int]:
    return answer["total_views"], answer["unique_visitors"]


def pages_of(stack, name: str) -> dict[str, tuple[int, int]]:
    """What `/stats?by=page` tells, from its first page to its last."""
    found, path = [], "/stats?by=page&page_size=20"
    while path:
        answer = stack.get(path)
        found += answer["pages"]
        path = answer["next"]
    return {
        page["page_id"]: (page["views"], page["visitors"])
        for page in found
        if page["page_id"].startswith(name)
    }


def hours_of(stack, page: str) -> dict[datetime, tuple[int, int]]:
    """Of one page on that day; hours in which nobody came are left out."""
    hours = {"bucket": "hour", "from": DAY.isoformat(), "to": DAY.replace(day=2).isoformat()}
    series = stack.get("/stats", page_id=page, **hours)["series"]
    assert len(series) == 24
    return {
        datetime.fromisoformat(each["at"]): (each["views"], each["visitors"])
        for each in series
        if each["views"]
    }


def test_many_views_at_once_are_counted_exactly_also_those_that_are_sent_again(either):
    name = secrets.token_hex(8)
    views = make_views(name)
    before = totals(either.get("/stats", by="page", page_size=1))
    send_all(either.url, make_requests(views, name))
    either.settle(within=PATIENCE * (10 if THOROUGH else 1))
    assert totals(either.get("/stats")) == (before[0] + VIEWS, before[1] + VISITORS)
    of_pages = counted(views, "page_id")
    assert len(of_pages) == PAGES
    assert pages_of(either, name) == of_pages
    for page in sorted(of_pages)[:3]:
        assert totals(either.get("/stats", page_id=page)) == of_pages[page]
        of_hours = counted([view for view in views if view["page_id"] == page], "viewed_at")
        assert hours_of(either, page) == {
            datetime.fromisoformat(at).replace(minute=0): found for at, found in of_hours.items()
        }
