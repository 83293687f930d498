"""The reckoning of benchmarks/freshness.py."""

from benchmarks.freshness_run import delays


def test_an_opening_is_fresh_from_the_first_look_that_has_as_many():
    gifs = [1.0, 2.0, 3.0]
    assert delays(gifs, [(1.5, 0), (2.5, 1), (4.0, 3), (5.0, 3)]) == [1.5, 2.0, 1.0]


def test_an_opening_that_is_there_before_its_gif_has_come_is_no_later_than_that():
    assert delays([1.0, 2.0], [(0.5, 1), (1.5, 2)]) == [0.0, 0.0]


def test_what_nobody_has_seen_is_left_out():
    assert delays([1.0, 2.0], [(1.5, 1)]) == [0.5]
    assert delays([1.0], []) == []
