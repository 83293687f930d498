"""Nothing lost, nothing counted twice: a short run of `make ledger`. `make prove` makes long ones,
on SQLite as well."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.ledger.journal import Answer, Journal, event_id
from tests.ledger.oracle import HOUR_MS, QUARTER_MS, ClockTime, Events, Oracle
from tests.ledger.plan import plan_faults, plan_hits
from tests.services import bare_environment

SECONDS, LEAST_FAULTS = 20, 25


@pytest.mark.parametrize("database", ["mysql"], indirect=True)
def test_what_was_answered_is_there_once_whatever_died(database):
    options = ["--seed", "3", "--seconds", str(SECONDS), "--baseline", "1"]
    options += ["--rate", "500", "--contacts", "2000"]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.ledger", "--database", database, *options],
        capture_output=True,
        text=True,
        check=False,
        env=bare_environment(),
        cwd=Path(__file__).parent.parent,
    )
    last = ran.stdout.splitlines()[-1]
    found = re.match(r"lost 0, double 0, phantom 0 — (\d+) answered, (\d+) faults, p99 ", last)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert found, last
    assert int(found[1]) > 250 * SECONDS
    assert int(found[2]) >= LEAST_FAULTS


# -- The oracle itself: a small world in which all is well, and what it says where not --------
NOW = 1_800_000_000_000 // QUARTER_MS * QUARTER_MS
WALL = NOW / 1000
PIXEL = {"id": 7, "uuid": uuid4().hex}
PLAN = {"hits": [(0, 0, "first"), (0, 0, "again"), (0, 1, "other")], "readers": ["one", "two"]}
NO_VIEWS = {"views": [], "cells": [], "seen": []}
TRIED = {hit: request_id for hit, (_, _, request_id) in enumerate(PLAN["hits"])}


def opening(request_id, reader, at=NOW, begins=True):
    event = event_id(request_id, UUID(PIXEL["uuid"])).hex
    return [event, PIXEL["id"], 1, 2, reader, "", at, begins, "human"]


def world() -> dict:
    return {
        "openings": [opening("first", "one"), opening("other", "two", NOW + 1000)],
        "counts": [[2, NOW, "human", 2, 2, 1, 1]],
        "contacts": [[1, 2, 2, NOW, NOW + 1000, NOW]],
        "quarantined": [],
        **NO_VIEWS,
    }


def journal(answered=(0, 1, 2)) -> Journal:
    answers = [Answer(hit, 0.0, 1.0, "stored") for hit in answered]
    return Journal(tries=3, tried=TRIED, answers=answers)


def judge(database, seen=None, events=None):
    return Oracle(PLAN, [PIXEL], [seen or journal()], database, wall=WALL, events=events).judge()


def test_the_oracle_is_content_where_all_is_well():
    assert not judge(world())


def test_the_oracle_finds_a_lost_hit():
    database = world()
    database["openings"].pop()
    assert len(judge(database).lost) == 1
    assert not judge(database, journal(answered=(0, 1))).lost


def test_the_oracle_wants_an_opening_at_the_time_that_the_clock_showed():
    set_forward = Events(clock=[ClockTime(-9.0, 9.0, (120,))])
    assert len(judge(world(), events=set_forward).lost) == 1  # the others are openings
    just_set = Events(clock=[ClockTime(-9.0, 9.0, (0, 120))])
    assert not judge(world(), events=just_set).lost
    just_mended = Events(clock=[ClockTime(-9.0, 0.0005, (120,))])
    assert not judge(world(), events=just_mended).lost
    database = world()
    for row in database["openings"]:
        row[6] += 2 * HOUR_MS
    assert len(judge(database).lost) == 1
    assert not judge(database, events=set_forward).lost


@pytest.mark.parametrize(("later", "double"), [(1, 1), (HOUR_MS - 1, 1), (HOUR_MS, 0)])
def test_the_oracle_finds_a_double_opening(later, double):
    database = world()
    database["openings"].append(opening("again", "one", NOW + later))
    assert len(judge(database).double) == double


def test_the_oracle_finds_a_phantom():
    database = world()
    database["openings"].append(opening("never sent", "three"))
    assert len(judge(database).phantom) == 1
    database["openings"][-1] = opening("other", "three")  # another's event id
    assert len(judge(database).phantom) == 1


def test_the_oracle_checks_what_is_counted():
    for table, row, column in (("counts", 0, 3), ("counts", 0, 6), ("contacts", 0, 2)):
        database = world()
        database[table][row][column] += 1
        assert len(judge(database).other) == 1
    database = world()
    database["openings"][1][7] = False
    assert judge(database).other


def test_the_oracle_minds_replies_quarantine_and_ambiguity():
    assert judge(world() | {"quarantined": ["aa"]}).other
    assert not judge(world() | {"quarantined": ["aa"]}, events=Events(poisoned={"aa"}))
    assert judge(world(), events=Events(poisoned={"aa"})).lost
    assert judge(world(), replace(journal(), wrong=["W 1 0.0 500"])).other
    lost = replace(journal(), answers=[*journal().answers, Answer(2, 0.0, 1.0, "lost")])
    assert judge(world(), lost).other
    plan = PLAN | {"hits": [(0, 0, f"hit {number}") for number in range(20)]}
    unanswered = Journal(
        tried={n: f"hit {n}" for n in range(20)}, answers=journal(answered=[0]).answers
    )
    empty = {"openings": [], "counts": [], "contacts": [], "quarantined": [], **NO_VIEWS}
    [found] = Oracle(plan, [PIXEL], [unanswered], empty, wall=WALL).judge().other
    assert found == "19 of 20 hits are ambiguous"


# -- The plan ------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["mysql", "sqlite"])
def test_a_seed_makes_the_same_plan_again_with_enough_faults(name):
    assert plan_faults(5, 60, name) == plan_faults(5, 60, name) != plan_faults(6, 60, name)
    assert len(plan_faults(5, 60, name)) >= 75
    assert plan_hits(5, 100, 500) == plan_hits(5, 100, 500) != plan_hits(6, 100, 500)


def test_three_in_ten_hits_are_repeats():
    hits = plan_hits(1, 4000, 20_000)
    repeats = len(hits) - len({(pixel, reader) for pixel, reader, _ in hits})
    assert 0.27 < repeats / len(hits) < 0.33
