"""The reckoning of benchmarks/pixel.py, and its chart."""

import re
from xml.etree import ElementTree

import pytest

from benchmarks.pixel_chart import chart, told
from benchmarks.pixel_crowds import crowd_verdicts
from benchmarks.pixel_run import Crowd, Found, Refreshes, Runner, check_openings
from benchmarks.pixel_sides import PixelTrack, Side, Tokens, length_of_answer

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\n\r\nGIF89a" + 37 * b"."


class Peer(Side):
    def __init__(self, name="A & B", kept=None):
        self.name, self.kept = name, kept

    def openings(self):
        return self.kept


class Ours(PixelTrack):
    def __init__(self):
        pass


def measured(kind, side, *rates, connections=32):
    runner = kind(side, Tokens(None, 1000), connections, 1)
    runner.found = Found(rates=[*rates], cpu=[1.0], p50=[1.0], p99=[2.0])
    return runner


def crowds(*rates):
    """With 4 connections, 8, and so on."""
    return [
        measured(Crowd, Peer(), *each, connections=4 * 2**place) for place, each in enumerate(rates)
    ]


def test_a_crowd_is_held_against_the_best_of_fewer_connections():
    found = [*crowd_verdicts(crowds([100], [200], [171], [169]))]
    assert [verdict.holds for verdict in found] == [True, True, False]
    assert found[-1].text == "A & B, 32 connections: 0.84 times what 8 do (at least 0.85)"


def test_a_crowd_is_held_against_another_one_in_the_same_round():
    [same, less] = crowd_verdicts(crowds([100, 10, 100], [100, 10, 20], [100, 5, 20]))
    assert (same.holds, less.holds) == (True, False)


def test_what_was_acknowledged_must_be_kept_and_of_refreshes_each_pixel_once():
    side = Peer(kept=1 + 70 + 500)
    runners = [measured(Runner, side), measured(Refreshes, side)]
    runners[0].found.answers, runners[1].found.answers = 70, 9000
    check_openings(side, runners)
    assert not runners[0].found.problems
    side.kept -= 1
    check_openings(side, runners)
    assert runners[0].found.problems == ["571 openings were acknowledged, 570 are kept"]


def test_an_answer_is_the_picture_of_that_side():
    assert length_of_answer(ANSWER, Side.picture) == len(ANSWER)
    for wrong in (ANSWER + b".", ANSWER.replace(b"gif", b"png"), ANSWER.replace(b"200", b"404")):
        with pytest.raises(AssertionError):
            length_of_answer(wrong, Side.picture)


def test_the_chart_has_the_fastest_first_and_bars_by_their_rates():
    runners = [measured(Runner, Peer(), 10.0), measured(Runner, Ours(), 3000, 4000, 1000)]
    picture = ElementTree.fromstring(chart([*runners, measured(Runner, Peer("C"), 1500.0)]))
    bars = [each for each in picture.findall("{*}rect") if each.get("class") != "ground"]
    assert [bar.get("class") for bar in bars] == ["ours", "peer", "peer"]
    wide = [float(bar.get("width")) for bar in bars]
    assert wide[1] == pytest.approx(wide[0] / 2, abs=0.1)
    assert wide[2] == 2
    texts = ["".join(each.itertext()) for each in picture.findall("{*}text")]
    assert texts[1:3] == ["PixelTrack", "3,000 · p99 2.0 ms · a row in MariaDB, by way of Redis"]
    assert texts[-2] == "A & B"
    assert re.match(r".*PixelTrack 3,000; C 1,500; A & B 10$", picture.get("aria-label"))


@pytest.mark.parametrize(
    ("milliseconds", "words"), [(3.14, "3.1 ms"), (31.4, "31 ms"), (1532, "1.5 s")]
)
def test_times_are_told_in_two_digits(milliseconds, words):
    assert told(milliseconds) == words
