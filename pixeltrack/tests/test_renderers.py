"""Answers are the JSON that REST framework would have made of them."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from rest_framework import renderers
from rest_framework.exceptions import ErrorDetail
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList

from campaigns.models import Campaign
from pixeltrack.renderers import JSONRenderer
from tracking.models import Verdict

MOMENT = datetime(2026, 3, 1, 12, 15, 30, 123456, tzinfo=UTC)
ANSWERS = [
    {"openings": [1, 2.5, None, True], "name": "Åsa “x” \u2028 😀 \\ \x00"},
    {1: {2: "numbers as keys"}, "none": {None: 1, True: 2}},
    {"moments": [MOMENT, MOMENT.replace(microsecond=0), MOMENT.replace(tzinfo=None)]},
    {"days": [date(2026, 3, 1), time(12, 15, 0, 500), timedelta(days=1, seconds=2)]},
    [Decimal("1.10"), UUID(int=7), b"bytes", (1, 2), {3}],
    [gettext_lazy("Yes"), mark_safe("<b>"), ErrorDetail("wrong", "code")],
    [Campaign.Tracking.ANONYMOUS, Verdict.HUMAN],
    ReturnDict({"id": 1, "groups": ReturnList([{"id": 2}], serializer=None)}, serializer=None),
    "",
    [],
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: str(answer)[:30])
def test_answers_are_those_of_rest_framework(answer):
    ours, theirs = JSONRenderer().render(answer), renderers.JSONRenderer().render(answer)
    assert json.loads(ours) == json.loads(theirs)


def test_an_iterator_is_a_list():
    assert JSONRenderer().render(iter("ab")) == b'["a","b"]'


def test_no_answer_has_no_body():
    assert JSONRenderer().render(None) == b""


def test_who_asks_for_lines_gets_them():
    assert JSONRenderer().render({"a": 1}, "application/json; indent=2") == b'{\n  "a": 1\n}'


def test_what_is_no_json_is_an_error_and_not_half_an_answer():
    with pytest.raises(TypeError):
        JSONRenderer().render({"that": object()})
