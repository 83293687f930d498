"""How long a mail waited to be opened, in buckets: ten to each power of ten seconds."""

from bisect import bisect_right
from datetime import datetime

POWERS = 7.5  # of ten: a year has 31.6 million seconds
# Where each bucket begins, in seconds; the last one has no end. Whole seconds are all that is told
# apart, so there are fewer than ten below 10 s.
BUCKETS = sorted({0} | {round(10 ** (tenth / 10)) for tenth in range(int(POWERS * 10) + 1)})


def seconds_from(due: datetime, opened: datetime) -> int:
    """0 where it was opened before it was due: somebody's clock or plan was wrong. No more than
    where the last bucket begins."""
    return min(max(0, int((opened - due).total_seconds())), BUCKETS[-1])


def bucket_of(seconds: int) -> int:
    """Where its bucket begins."""
    return BUCKETS[bisect_right(BUCKETS, seconds) - 1]
