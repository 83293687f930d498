from datetime import UTC, datetime, timedelta

import pytest

from tracking.delay import BUCKETS, bucket_of, seconds_from

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_buckets_go_from_a_second_to_a_year_ten_to_each_power_of_ten():
    assert BUCKETS[:9] == [0, 1, 2, 3, 4, 5, 6, 8, 10]
    assert [begin for begin in BUCKETS if 1000 <= begin < 10_000] == [
        1000, 1259, 1585, 1995, 2512, 3162, 3981, 5012, 6310, 7943,
    ]  # fmt: skip
    assert timedelta(days=365) < timedelta(seconds=BUCKETS[-1]) < timedelta(days=367)


@pytest.mark.parametrize(
    ("seconds", "begins"), [(0, 0), (1, 1), (7, 6), (1258, 1000), (1259, 1259), (10**9, 31622777)]
)
def test_a_delay_is_in_the_bucket_that_begins_before_it(seconds, begins):
    assert bucket_of(seconds) == begins


def test_before_it_was_due_a_mail_was_opened_at_once():
    assert seconds_from(NOON, NOON - timedelta(days=2)) == 0
    assert seconds_from(NOON, NOON + timedelta(seconds=2.9)) == 2
    assert seconds_from(datetime(1, 1, 1, tzinfo=UTC), NOON) == BUCKETS[-1]
