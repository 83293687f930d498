"""The oracle of page views: a small world in which all is well, and what it says where not."""

import json
from collections import Counter
from urllib.parse import parse_qsl

import pytest

from tests.ledger import page_views
from tests.ledger.journal import Answer, Journal
from tests.ledger.oracle import HOUR_MS, ClockTime, Events, Oracle
from tests.ledger.page_views import event_id_of, is_good, plan_views, views_of
from tests.ledger.plan import plan_requests
from tests.ledger.view_oracle import milliseconds

NOW = 1_800_000_000_000
HOUR = NOW // HOUR_MS
LATE = "2025-03-01T09:00:30Z"
LATE_HOUR = milliseconds(LATE) // HOUR_MS
OWN = {"page_id": "home", "user_id": "anna", "event_id": "0190f5fe-6d1a-7c3f-8a57-8a2b7f3f9d11"}
HOME = {"page_id": "home", "user_id": "anna"}
NEWS = {"page_id": "news", "user_id": "ben", "viewed_at": LATE}
REQUESTS = [
    ([OWN], "json", "first"),
    ([OWN], "json", "sent again by its page"),
    ([HOME, {"page_id": "bad"}, NEWS], "list", "list"),
    ([HOME], "gif", "gif"),
]
TRIED = {number: request_id for number, (_, _, request_id) in enumerate(REQUESTS)}
SENT = {number: [0.0] for number in TRIED}
# (page, hour) → views, visitors
FIGURES = {
    ("", 0): (4, ["anna", "ben"]),
    ("", HOUR): (3, ["anna"]),
    ("", LATE_HOUR): (1, ["ben"]),
    ("home", 0): (3, ["anna"]),
    ("home", HOUR): (3, ["anna"]),
    ("news", 0): (1, ["ben"]),
    ("news", LATE_HOUR): (1, ["ben"]),
}


def event_of(hit: int, place: int = 0) -> str:
    views, _, request_id = REQUESTS[hit]
    return str(event_id_of(views[place], place, request_id))


TOLD = {
    0: (event_of(0),),
    1: (event_of(1),),
    2: (event_of(2, 0), "-", event_of(2, 2)),
    3: (),
}


def world() -> dict:
    return {
        **dict.fromkeys(("openings", "counts", "contacts", "quarantined"), ()),
        "views": [
            [event_of(0), "home", "anna", NOW, ""],
            [event_of(2, 0), "home", "anna", NOW, ""],
            [event_of(2, 2), "news", "ben", milliseconds(LATE), ""],
            [event_of(3), "home", "anna", NOW, ""],
        ],
        "cells": [[*key, views, len(users)] for key, (views, users) in FIGURES.items()],
        "seen": [[*key, user] for key, (_, users) in FIGURES.items() for user in users],
    }


def journal(answered=(0, 1, 2, 3), *more: Answer) -> Journal:
    answers = [Answer(hit, 0.0, 1.0, "stored", TOLD[hit]) for hit in answered]
    return Journal(tried=TRIED, sent=SENT, answers=[*answers, *more])


def judge(database, seen=None, events=None):
    plan, wall = {"hits": REQUESTS, "readers": []}, NOW / 1000
    return Oracle(plan, [], [seen or journal()], database, wall=wall, events=events).judge()


def without(row: int) -> dict:
    """A world that lacks one of Anna's views, and counts as much."""
    database = world()
    database["views"].pop(row)
    for cell in database["cells"]:
        cell[2] -= cell[0] in ("", "home") and cell[1] in (0, HOUR)
    return database


def test_the_oracle_of_views_is_content_where_all_is_well():
    assert not judge(world())
    assert journal().hits == 1 + 1 + 2 + 1


@pytest.mark.parametrize(
    ("row", "answers", "others"), [(0, 2, (2, 3)), (1, 1, (0, 1, 3)), (3, 1, (0, 1, 2))]
)
def test_the_oracle_finds_a_lost_view(row, answers, others):
    found = judge(without(row))
    assert len(found.lost) == len(found.lines()) == answers  # one was sent and answered twice
    assert not judge(without(row), journal(others))


def test_the_oracle_finds_a_view_that_is_there_twice():
    database = world()
    database["views"].append(database["views"][0])
    assert len(judge(database).double) == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (0, "0190f5fe-6d1a-7c3f-8a57-8a2b7f3f9d12"),
        (1, "news"),
        (2, "ben"),
        (3, NOW + 12_000),
        (3, NOW - 2_000),
        (4, "example.com"),
    ],
)
def test_the_oracle_finds_a_view_that_nobody_sent(column, value):
    database = world()
    database["views"][3][column] = value
    assert len(judge(database).phantom) == 1


def test_the_oracle_wants_a_view_at_the_time_that_the_clock_showed():
    later = world()
    for row in later["views"]:
        row[3] += 2 * HOUR_MS if row[1] == "home" else 0
    for row in later["cells"] + later["seen"]:
        row[1] += 2 if row[1] == HOUR else 0
    assert len(judge(later).phantom) == 3
    set_forward = Events(clock=[ClockTime(-9.0, 29.0, (120,))])
    assert not judge(later, events=set_forward)
    assert len(judge(world(), events=set_forward).phantom) == 3
    just_set = Events(clock=[ClockTime(-9.0, 29.0, (0, 120))])
    assert not judge(later, events=just_set)
    assert not judge(world(), events=just_set)


def test_the_oracle_wants_a_time_that_a_page_gave_to_the_millisecond():
    database = world()
    database["views"][2][3] += 1
    assert len(judge(database).phantom) == 1


@pytest.mark.parametrize("column", [2, 3])
@pytest.mark.parametrize("row", range(len(FIGURES)))
def test_the_oracle_checks_each_figure(row, column):
    for difference, name in ((1, "double"), (-1, "lost")):
        database = world()
        database["cells"][row][column] += difference
        found = judge(database)
        assert len(getattr(found, name)) == len(found.lines()) == 1


def test_the_oracle_checks_who_was_seen():
    for change in (list.pop, add_ben, double_anna):
        database = world()
        change(database["seen"])
        assert len(judge(database).other) == 1


def add_ben(seen):
    seen.append(["home", 0, "ben"])


def double_anna(seen):
    seen.append(["home", 0, "anna"])


@pytest.mark.parametrize(
    "told", ["- - -", "{1} - {0}", "{0} - {0}", "{0} -", "{0} {1}", "{0} - {1} -"]
)
def test_the_oracle_minds_what_each_of_a_list_was_told(told):
    told = tuple(told.format(event_of(2, 0), event_of(2, 2)).split())
    found = judge(world(), journal((0, 1, 3), Answer(2, 0.0, 1.0, "stored", told)))
    assert found.other
    assert not found.lost


def test_a_view_that_no_store_took_is_not_promised_and_is_minded():
    none = Answer(1, 0.0, 1.0, "lost", ("-",))
    found = judge(without(0), journal((2, 3), none))
    assert found.other == ["hit 1 was answered as lost"]
    assert not found.lost
    assert none.hits == 0
    some = Answer(2, 0.0, 1.0, "lost,stored", ("-", *TOLD[2][1:]))
    found = judge(without(1), journal((0, 1, 3), some))
    assert found.other == ["hit 2 was answered as lost,stored"]
    assert not found.lost


# -- The plan ------------------------------------------------------------------------------------
def test_a_seed_makes_the_same_views_again():
    assert plan_views(5, 500) == plan_views(5, 500) != plan_views(6, 500)
    requests = plan_requests(5, 400, 2000)
    assert requests == plan_requests(5, 400, 2000)
    assert 0.25 < len([*filter(views_of, requests)]) / 2000 < 0.35


def test_the_plan_has_views_of_every_kind_and_sends_some_again():
    requests = plan_views(1, 5000)
    assert {way for _, way, _ in requests} == page_views.WAYS.keys()
    views = [view for views, _, _ in requests for view in views if is_good(view)]
    assert any("event_id" not in view for view in views)
    assert any("viewed_at" in view for view in views)
    own = Counter(view["event_id"] for view in views if "event_id" in view)
    assert sum(times > 1 for times in own.values()) > 400
    assert 400 < len(requests) - len({request_id for _, _, request_id in requests}) < 900


# -- What the client sends and reads -------------------------------------------------------------
def test_views_are_sent_as_pages_send_them():
    form = ([OWN], "form", "form")
    assert json.loads(body(REQUESTS[0])) == OWN
    assert json.loads(body(REQUESTS[2])) == REQUESTS[2][0]
    assert dict(parse_qsl(body(form))) == OWN
    gif = page_views.ask(REQUESTS[3], "x")
    assert gif.startswith(b"GET /t.gif?page_id=home&user_id=anna HTTP/1.1\r\n")


def body(request) -> str:
    return page_views.ask(request, "x").partition(b"\r\n\r\n")[2].decode()


def test_answers_are_read_strictly():
    single, many = REQUESTS[0], REQUESTS[2]
    taken, busy, failed = (b"HTTP/1.1 %d \r\n" % status for status in (202, 503, 500))
    row = {"event_id": event_of(0)}
    rows = {"results": [row, {"error": {"code": "invalid"}}]}
    assert page_views.told(single, taken, json.dumps(row).encode()) == [event_of(0)]
    assert page_views.told(many, taken, json.dumps(rows).encode()) == [event_of(0), "-"]
    assert page_views.told(single, busy, b"{}") == ["-"]
    assert page_views.told(single, failed, b"{}") is None
