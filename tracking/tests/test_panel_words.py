"""What the panels say, and on which scale they draw."""

import pytest

from tracking.delay import BUCKETS
from tracking.panels.delay_charts import in_words
from tracking.panels.result import sentences
from tracking.panels.side import Side
from tracking.panels.svg import ticks
from tracking.panels.words import about, between, duration, percent, points


def versus(**told) -> dict:
    nothing = dict.fromkeys(("difference", "low", "high", "contacts_wanted"))
    return nothing | {"confidence": 0.95, "result": "too early"} | told


def told(*others: dict, contacts=100, control=True) -> dict:
    groups = [{"name": "A", "is_control": control}]
    for place, compared in enumerate(others):
        groups.append(
            {
                "name": "BCD"[place],
                "is_control": False,
                "versus_control": compared,
                "versus_control_raw": versus(result="no difference yet"),
                "shared": 0,
                "schedule_warning": None,
            }
        )
    return {"raw": {"contacts": contacts}, "groups": groups}


def said(*others: dict, side=Side.VERIFIED, **more) -> list[str]:
    return [each.text for each in sentences(told(*others, **more), side)]


@pytest.mark.parametrize(
    ("compared", "text"),
    [
        (
            versus(result="better", difference=0.05, low=0.0312, high=0.0789),
            "“B” is better than “A” by 3.1 to 7.9 points.",
        ),
        (
            versus(result="worse", difference=-0.05, low=-0.0789, high=-0.0312),
            "“B” is worse than “A” by 3.1 to 7.9 points.",
        ),
        (
            versus(result="better", difference=0.02, low=0.0004, high=0.04),
            "“B” is better than “A” by 0.04 to 4.0 points.",
        ),
        (
            versus(result="no difference yet", difference=0.01, low=-0.02, high=0.04),
            "No difference between “B” and “A” is seen yet: it may be from 2.0 points less to "
            "4.0 more.",
        ),
        (
            versus(result="no difference yet", difference=0.0),
            "No difference between “B” and “A” is seen yet.",
        ),
        (
            versus(difference=0.1, contacts_wanted=1_834),
            "Too early to tell “B” from “A”: about 1,800 more contacts.",
        ),
        (versus(), "Too early to tell “B” from “A”: both need contacts that are due."),
        (
            versus(difference=0.0),
            "Too early to tell “B” from “A”, as long as none or all have opened.",
        ),
    ],
)
def test_the_comparison_is_said_in_plain_words(compared, text):
    assert said(compared) == [text]


def test_what_is_decided_comes_first():
    better = versus(result="better", low=0.01, high=0.02)
    first, second = said(versus(contacts_wanted=10), better)
    assert first.startswith("“C” is better")
    assert second.startswith("Too early to tell “B”")


def test_the_side_that_was_chosen_is_compared():
    better = versus(result="better", low=0.01, high=0.02)
    assert said(better, side=Side.RAW) == ["No difference between “B” and “A” is seen yet."]


def test_a_schedule_that_differs_takes_the_result_back():
    figures = told(versus(result="better", low=0.01, high=0.02))
    figures["groups"][1]["schedule_warning"] = {"detail": "They are scheduled 3 hours apart."}
    [sentence] = sentences(figures, Side.VERIFIED)
    assert sentence.kind == "caution"
    assert sentence.text.endswith("This can't be relied on.")
    assert sentence.note == "They are scheduled 3 hours apart."


def test_contacts_in_two_groups_are_said_to_be_left_out():
    figures = told(versus(result="better", low=0.01, high=0.02))
    figures["groups"][1]["shared"] = 2
    [sentence] = sentences(figures, Side.VERIFIED)
    assert "2 contacts of “B” stand in another group as well" in sentence.note


def test_what_is_not_compared_says_why():
    assert said() == ["One group only: there is nothing to compare."]
    assert said(versus(), control=False) == ["No group is the control, so that none is compared."]
    assert "anonymous" in said(versus(), contacts=None)[0]


def test_of_several_groups_the_level_of_the_interval_is_said():
    [sentence] = sentences(
        told(versus(result="better", low=0.01, high=0.02, confidence=0.9833)), Side.VERIFIED
    )
    assert sentence.note == "98.3 % interval, however often you look."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.6, "1 min"), (3600, "1 h"), (11_530, "3 h 12 min"), (90_061, "1 d 1 h")],
)
def test_durations_are_said_in_two_units(seconds, text):
    assert duration(seconds) == text


def test_numbers_are_written_as_people_read_them():
    assert percent(None) == "–"  # noqa: RUF001
    assert percent(0.41234) == "41.2 %"
    assert between(0.381, 0.444) == "38.1 to 44.4 %"
    assert points(-0.031) == "3.1"
    assert [about(value) for value in (7, 43, 1_834, 123_456)] == ["7", "43", "1,800", "120,000"]


@pytest.mark.parametrize(
    ("low", "high", "scale"),
    [
        (0, 0, [0, 1]),
        (0, 1, [0, 1]),
        (0, 3, [0, 1, 2, 3]),
        (0, 17, [0, 5, 10, 15, 20]),
        (0, 1_234, [0, 500, 1_000, 1_500]),
    ],
)
def test_scales_have_round_numbers(low, high, scale):
    assert ticks(low, high) == scale


def test_scales_of_shares_hold_both_ends():
    scale = ticks(0.307, 0.412, 5)
    assert scale[0] <= 0.307
    assert scale[-1] >= 0.412
    assert len(scale) <= 7


def test_what_took_a_year_or_longer_is_not_told_as_a_year():
    day, longest = 86_400, BUCKETS[-1]
    assert (
        in_words(day, 2 * day) == "Half of those who opened did within 1 d, nine tenths within 2 d."
    )
    assert in_words(day, longest).endswith("within 1 d, a tenth or more after a year or later.")
    assert in_words(longest, longest).endswith("did after a year or later.")


@pytest.mark.parametrize(
    ("shared", "many"), [(1, "1 contact of “B” stands"), (2, "2 contacts of “B” stand ")]
)
def test_those_who_stand_in_two_groups_are_named(shared, many):
    groups = told(versus())
    groups["groups"][1]["shared"] = shared
    (sentence,) = sentences(groups, Side.VERIFIED)
    assert many in sentence.note
