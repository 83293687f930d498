"""`manage.py update_verdict_data`, and how running processes take up what it puts in place."""

import json
import logging
import os
from datetime import date
from io import StringIO
from threading import Event, Thread

import pytest
from django.core.management import CommandError, call_command

from tracking import verdict_data
from tracking.data_file import PACKAGED, folder
from tracking.hit import Hit
from tracking.networks import EGRESS, NETWORKS, locate
from tracking.verdict import RULES, judge
from tracking.verdict_data import watch

RULE = {"verdict": "machine", "reason": "new-rule", "begins": "Reader"}
OTHERWISE = {"verdict": "human", "reason": "nobody-else"}
PLACES = "network,label\n192.0.2.0/24,place\n"
RELAY = "192.0.2.128/25,DE,DE-BE,Berlin,\n"


def rules(day="2026-12-01", *more) -> str:
    return json.dumps({"date": day, "rules": [RULE, *more], "otherwise": OTHERWISE})


def update(*files) -> str:
    out = StringIO()
    call_command("update_verdict_data", *map(str, files), stdout=out)
    return out.getvalue()


def refused(*files) -> str:
    with pytest.raises(CommandError) as raised:
        update(*files)
    return str(raised.value)


@pytest.fixture
def saved(tmp_path):
    """Saves a text as a file to be put in place."""

    def save(text: str, name="file"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return save


def verdict_of(user_agent: str) -> tuple:
    return judge(Hit(b"e" * 16, b"p" * 16, 0, user_agent))


def test_each_file_is_known_by_what_is_in_it_and_is_in_force_at_the_next_look(installed, saved):
    told = update(saved(rules(), "a"), saved(PLACES, "b"), saved("\ufeff" + RELAY, "c"))
    assert "1 rule of 2026-12-01" in told
    assert told.count("1 network.") == 2
    assert "reclassify" in told
    assert verdict_of("Reader/1")[1] != "new-rule"
    assert locate("192.0.2.1")[0] == ""
    verdict_data.load()
    assert verdict_of("Reader/1") == ("machine", "new-rule", date(2026, 12, 1))
    assert verdict_of("Another") == ("human", "nobody-else", date(2026, 12, 1))
    assert locate("192.0.2.1")[0] == "place"
    assert locate("192.0.2.200")[0] == "apple-relay"
    assert locate("66.249.80.1")[0] == ""  # the list that ships is not in force any more
    assert [each.name for each in folder().iterdir() if each.name.startswith(".")] == []
    assert {each.stat().st_mode & 0o777 for each in folder().iterdir()} == {0o644}


def test_the_files_that_ship_are_fit_and_are_in_force_again_when_others_go(installed, saved):
    update(saved(rules(), "a"), saved(PLACES, "b"))
    verdict_data.load()
    RULES.installed.unlink()
    NETWORKS.installed.unlink()
    verdict_data.load()
    assert verdict_of("Reader/1")[1] == "mail-client"
    assert locate("66.249.80.1")[0] == "google"
    assert "is in place" in update(PACKAGED / "verdicts.json", PACKAGED / "networks.csv")


def test_nothing_is_put_in_place_where_one_of_the_files_is_of_no_use(installed, saved):
    good, bad = saved(PLACES, "good"), saved("network,label\n192.0.2.0/24,Place\n", "bad")
    assert "bad: Line 2: “Place” is no label" in refused(saved(rules(), "rules"), bad)
    assert "are both networks.csv" in refused(good, saved(PLACES, "bad"))
    assert list(folder().iterdir()) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "neither rules"),
        ("hello", "neither rules"),
        ("x" * 200_000, "neither rules"),
        (f"10.0.0.0/8,DE\n11.0.0.0/8,{'x' * 200_000}", "It is no CSV"),
        ("<html>", "neither rules"),
        ("net,label\n192.0.2.0/24,a\n", "Line 1: There is no column network"),
        ('{"date": "2026-12-01"}', "`rules` is missing"),
        (f'{{"date": {"1" * 5_000}}}', "a number in it of thousands of digits"),
        (rules("2026-12-01", {**RULE, "verdict": "robot"}), "Rule 2: the verdict must be one of"),
        (f"{RELAY}nowhere,DE\n", "Line 2: “nowhere” is no network"),
    ],
)
def test_a_file_is_refused_with_where_what_and_what_to_do(installed, saved, text, problem):
    told = refused(saved(text))
    assert problem in told
    assert "Nothing was changed." in told


def test_what_is_no_text_or_no_file_is_refused(installed, tmp_path):
    (tmp_path / "picture").write_bytes(b"GIF89a\xff\xfe\x00")
    assert "not in UTF-8" in refused(tmp_path / "picture")
    (tmp_path / "late").write_bytes(RELAY.encode() + b"\xff\xfe")
    assert "not in UTF-8" in refused(tmp_path / "late")
    assert "is no file" in refused(tmp_path)
    assert "is no file" in refused(tmp_path / "missing")


def test_a_folder_that_cannot_be_written_is_named(installed, saved):
    folder().write_text("in the way")
    assert "verdict_data can't be written: File exists." in refused(saved(PLACES))
    folder().unlink()


def test_other_rules_need_another_date(installed, saved):
    update(saved(rules()))
    verdict_data.load()
    update(saved(rules()))  # the same once more
    told = refused(saved(rules("2026-12-01", {**RULE, "reason": "another"})))
    assert "are of 2026-12-01 as well" in told
    update(saved(rules("2026-11-30", {**RULE, "reason": "another"})))  # an older one: back to it


def test_a_broken_file_that_somebody_put_there_is_refused_and_the_data_goes_on(
    installed, saved, caplog
):
    update(saved(rules(), "a"), saved(PLACES, "b"))
    verdict_data.load()
    installed(RULES, '{"date": ')
    installed(NETWORKS, "network,label\nnowhere,place\n")
    for _ in range(3):
        verdict_data.load()
    assert verdict_of("Reader/1")[1] == "new-rule"
    assert locate("192.0.2.1")[0] == "place"
    errors = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert len(errors) == 2  # once each, not at every look
    assert "Line 1: It is no JSON" in errors[0]
    assert "Line 2: “nowhere” is no network" in errors[1]
    installed(NETWORKS, PLACES)
    verdict_data.load()
    assert locate("192.0.2.1")[0] == "place"


def test_a_process_that_begins_with_a_broken_file_takes_the_one_that_ships(installed, caplog):
    installed(RULES, "{")
    installed(EGRESS, "nowhere\n")
    for file in (RULES, EGRESS):
        file.forget()
    assert RULES.value.otherwise.reason == "mail-client"
    assert EGRESS.value.networks == 0
    assert len(caplog.records) == 2


def test_a_file_that_did_not_change_is_not_read_again(installed, saved, monkeypatch):
    update(saved(RELAY))
    reads = []
    read = EGRESS.read
    monkeypatch.setattr(EGRESS, "read", lambda lines: reads.append(1) or read(lines))
    for _ in range(3):
        verdict_data.load()
    assert len(reads) == 1
    os.utime(EGRESS.installed, (1, 1))
    verdict_data.load()
    assert len(reads) == 2


def test_a_label_that_was_looked_up_before_is_not_remembered(installed, saved):
    assert locate("192.0.2.1")[0] == ""
    update(saved(PLACES))
    verdict_data.load()
    assert locate("192.0.2.1")[0] == "place"


def test_a_thread_takes_it_up_by_itself_and_lives_on_whatever_happens(
    installed, saved, monkeypatch, caplog
):
    """Waits for what must happen, not for a time."""
    taken_up, stop, failures = Event(), Event(), [RuntimeError("a full disk")]
    monkeypatch.setattr(verdict_data, "EVERY_S", 0.01)
    monkeypatch.setattr(NETWORKS, "_taken_up", taken_up.set)
    load = verdict_data.load

    def fail_once():
        if failures:
            raise failures.pop()
        load()

    monkeypatch.setattr(verdict_data, "load", fail_once)
    thread = Thread(target=verdict_data.keep_loading, args=[stop])
    thread.start()
    update(saved(PLACES))
    assert taken_up.wait(30)
    stop.set()
    thread.join()
    assert NETWORKS.value.networks == 1
    assert "could not be looked at" in caplog.text


def test_a_process_loads_it_at_its_start_and_has_one_such_thread(installed, saved, monkeypatch):
    lives = Event()
    monkeypatch.setattr(verdict_data, "keep_loading", lives.wait)
    monkeypatch.setattr(verdict_data, "_watching", None)
    update(saved(PLACES))
    watch()
    assert NETWORKS.value.networks == 1
    first = verdict_data._watching
    watch()
    assert verdict_data._watching is first
    lives.set()
    first.join()
    watch()  # as in a fork, where it lives no more
    assert verdict_data._watching is not first
