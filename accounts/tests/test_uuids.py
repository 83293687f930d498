import os
import time
from uuid import RFC_4122, UUID

import pytest

from accounts.uuids import marked, ordered_uuids


@pytest.mark.parametrize("version", [5, 7])
def test_they_are_marked_as_uuid_does_it(version):
    numbers = os.urandom(16 * 100)
    single = [numbers[start : start + 16] for start in range(0, len(numbers), 16)]
    shifted = [int.from_bytes(each) for each in single]
    for number, made in zip(shifted, marked(version, numbers), strict=True):
        uuid = UUID(bytes=made)
        assert (uuid.version, uuid.variant) == (version, RFC_4122)
        mask = ~(0xF << 76) & ~(3 << 62)  # what tells the version and the variant
        assert uuid.int & mask == number & mask


def test_new_ones_begin_with_the_time_and_none_comes_twice():
    before = time.time_ns() // 1_000_000
    made = ordered_uuids(10_000)
    after = time.time_ns() // 1_000_000
    assert len(set(made)) == 10_000
    assert all(before <= int.from_bytes(each[:6]) <= after for each in made)
    assert {UUID(bytes=each).version for each in made} == {7}


def test_later_ones_come_later(time_machine):
    time_machine.move_to("2026-03-01T12:00:00Z", tick=False)
    earlier = ordered_uuids(100)
    time_machine.move_to("2026-03-01T12:00:00.001Z", tick=False)
    assert max(earlier) < min(ordered_uuids(100))
