"""Reasons in words."""

import pytest

from tracking.panels.reasons import REASONS, why, why_in_short
from tracking.panels.words import UNKNOWN
from tracking.rule_set import TAKEN
from tracking.verdict import RULES


def test_every_reason_that_a_verdict_can_have_has_words():
    rules = (*RULES.value.rules, RULES.value.otherwise)
    assert {rule.reason for rule in rules} | set(TAKEN) == REASONS.keys()


@pytest.mark.parametrize("reason", REASONS)
def test_words_are_one_sentence_and_a_short_form(reason):
    assert why(reason).endswith(".")
    assert why(reason)[0].isupper()
    assert len(why_in_short(reason)) < len(why(reason))


def test_a_reason_of_an_operators_rules_is_shown_as_it_is():
    assert why("our-own-scanner") == why_in_short("our-own-scanner") == "our-own-scanner"
    assert why("") == why_in_short("") == UNKNOWN
