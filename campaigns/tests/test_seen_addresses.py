"""Which addresses of a file have come before, whether in the same chunk or long ago."""

import pytest

from campaigns import seen_addresses
from campaigns.seen_addresses import SeenAddresses, Sighting


@pytest.fixture
def seen():
    with SeenAddresses() as seen:
        yield seen


@pytest.mark.parametrize("at_once", [1, 2, 3, 4])
def test_an_address_is_known_by_where_it_came_first(seen, at_once):
    rows = [("a@x.org", "a", 2), ("b@x.org", "a", 3), ("a@x.org", "b", 4), ("a@x.org", "a", 5)]
    rows += [("a@x.org", "b", 6), ("a@x.org", "c", 7), ("b@x.org", "a", 8)]
    found = []
    for start in range(0, len(rows), at_once):
        found += seen.add(rows[start : start + at_once])
    in_a, in_b = Sighting(2, "a"), Sighting(4, "b")
    assert found == [[], [], [in_a], [in_a], [in_b], [in_a, in_b], [Sighting(3, "a")]]


def test_more_addresses_than_a_statement_takes_are_looked_up_in_several(seen, monkeypatch):
    monkeypatch.setattr(seen_addresses, "ASKED_AT_ONCE", 3)
    rows = [(f"{number}@x.org", "a", number) for number in range(10)]
    assert seen.add(rows) == [[]] * 10
    again = [(address, "a", line + 10) for address, _, line in rows]
    assert seen.add(again) == [[Sighting(number, "a")] for number in range(10)]
    assert seen.add([]) == []
