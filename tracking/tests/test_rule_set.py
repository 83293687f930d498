"""How a rule set is read, and how it judges."""

import json

import pytest

from tracking.data_file import Unfit
from tracking.rule_set import Evidence, RuleSet, read_rules

OTHERWISE = {"verdict": "human", "reason": "nobody-else"}


def rule_set(*rules: dict, **other) -> RuleSet:
    whole = {"date": "2026-03-01", "rules": list(rules), "otherwise": OTHERWISE} | other
    return read_rules([json.dumps(whole)])


def rule(reason="it-fits", verdict="machine", **conditions) -> dict:
    return {"verdict": verdict, "reason": reason} | conditions


def reason(rules: RuleSet, user_agent="Reader/1.0", **evidence) -> str:
    return rules.judge(Evidence(user_agent, **evidence)).reason


@pytest.mark.parametrize(
    ("conditions", "fits", "doesnt"),
    [
        ({"equals": "Reader"}, {"user_agent": "Reader"}, {"user_agent": "Reader/1"}),
        ({"equals": ["", "Reader"]}, {"user_agent": ""}, {"user_agent": " "}),
        ({"begins": "Rea"}, {"user_agent": "Reader"}, {"user_agent": "A Reader"}),
        ({"ends": "der"}, {"user_agent": "Reader"}, {"user_agent": "Readers"}),
        ({"contains": ["x", "ade"]}, {"user_agent": "Reader"}, {"user_agent": "ReAder"}),
        ({"label": ["a", "b"]}, {"network_label": "b"}, {"network_label": "c"}),
        ({"label": ""}, {"network_label": ""}, {"network_label": "c"}),
        ({"prefetch": True}, {"prefetch": True}, {"prefetch": False}),
        ({"prefetch": False}, {"prefetch": False}, {"prefetch": True}),
        ({"referer": "google.com"}, {"referer": "mail.google.com"}, {"referer": "notgoogle.com"}),
        ({"referer": ["a.com", "b.com"]}, {"referer": "b.com"}, {"referer": ""}),
        ({"referer": ""}, {"referer": ""}, {"referer": "example.com."}),
        ({"within_s": 10}, {"since_sent": 0}, {"since_sent": 10}),
        ({"within_s": 10}, {"since_sent": 9.999}, {"since_sent": -0.001}),
        ({"within_s": 0.5}, {"since_sent": 0.4}, {"since_sent": None}),
        (
            {"begins": "R", "ends": "r", "label": "x"},
            {"user_agent": "Reader", "network_label": "x"},
            {"user_agent": "Reader"},
        ),
    ],
)
def test_a_rule_fits_where_all_of_its_conditions_hold(conditions, fits, doesnt):
    rules = rule_set(rule(**conditions))
    assert reason(rules, **fits) == "it-fits"
    assert reason(rules, **doesnt) == "nobody-else"


def test_the_first_rule_that_fits_decides_and_the_date_is_the_rule_sets():
    rules = rule_set(rule("first", begins="Reader"), rule("second", begins="Read"))
    assert reason(rules) == "first"
    assert reason(rules, "Readable") == "second"
    found = rules.judge(Evidence("Reader"))
    assert (found.verdict, found.rules_date.isoformat()) == ("machine", "2026-03-01")


def test_each_window_holds_to_its_end_whatever_was_judged_before():
    rules = rule_set(rule("short", within_s=10), rule("wide", within_s=120, label="hosting"))
    for since in (0, 9.9, 10, 50, 119, 120, 500, -1, None, 5):
        short = since is not None and 0 <= since < 10
        wide = since is not None and 0 <= since < 120
        assert reason(rules, since_sent=since) == ("short" if short else "nobody-else")
        found = reason(rules, since_sent=since, network_label="hosting")
        assert found == ("short" if short else "wide" if wide else "nobody-else")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Line 1: It is no JSON"),
        ('{\n"date": "2026-03-01",\n"rules": [,]}', "Line 3: It is no JSON"),
        ("[]", "must be an object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"date": "2026-03-01", "date": "2026-03-01"}', "“date” is there twice"),
    ],
)
def test_what_is_no_rule_set_is_refused(text, problem):
    with pytest.raises(Unfit, match=problem):
        read_rules(text.splitlines(keepends=True))


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ({"date": None}, "`date` is missing, or no date"),
        ({"date": "yesterday"}, "`date` is missing, or no date"),
        ({"rules": None}, "`rules` is missing, or no list"),
        ({"ruels": []}, "The file: “ruels” is not known. Use date, rules"),
        ({"otherwise": None}, "`otherwise` is missing"),
        ({"otherwise": rule(begins="a")}, "`otherwise`: “begins” is not known"),
        ({"rules": ["curl"]}, "Rule 1 is missing, or no object"),
        ({"rules": [rule(begins="a"), rule()]}, r"Rule 2 \(it-fits\) has no condition"),
        ({"rules": [rule(verdict="robot", begins="a")]}, "one of human, proxy, machine"),
        ({"rules": [rule(reason="It fits", begins="a")]}, "the reason must be"),
        ({"rules": [rule(reason="corrected", begins="a")]}, "where no rule judged"),
        ({"rules": [rule(begin="a")]}, "“begin” is not known. Use .*begins"),
        ({"rules": [rule(begins=1)]}, "`begins` must be a text or a list"),
        ({"rules": [rule(begins=[])]}, "`begins` must be a text or a list"),
        ({"rules": [rule(contains=["a", ""])]}, "`contains` must not be empty"),
        ({"rules": [rule(prefetch="yes")]}, "`prefetch` must be true or false"),
        ({"rules": [rule(within_s="10")]}, "`within_s` must be a number"),
        ({"rules": [rule(within_s=True)]}, "`within_s` must be a number"),
        ({"rules": [rule(within_s=0)]}, "`within_s` must be above 0"),
        ({"rules": [rule(within_s=1e9)]}, "`within_s` must be above 0"),
    ],
)
def test_a_rule_that_is_not_understood_is_refused_with_what_to_do(other, problem):
    with pytest.raises(Unfit, match=problem):
        rule_set(**other)
