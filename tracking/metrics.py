import asyncio
from bisect import bisect_left
from collections import Counter as Counted

from prometheus_client import Counter, Gauge, Histogram


class Times:
    """Observes, for a histogram, all times of a turn of the event loop together: each alone takes
    as long as to read a token does."""

    def __init__(self, histogram: Histogram):
        self._histogram, self._seconds = histogram, []

    def add(self, seconds: float):
        if not self._seconds:
            asyncio.get_running_loop().call_soon(self._tell)
        self._seconds.append(seconds)

    def _tell(self):
        seconds, self._seconds, histogram = self._seconds, [], self._histogram
        histogram._sum.inc(sum(seconds))
        bounds = histogram._upper_bounds
        for bucket, times in Counted(bisect_left(bounds, each) for each in seconds).items():
            histogram._buckets[bucket].inc(times)


COLLECTED = Counter("pixeltrack_hits_total", "Hits of pixels by what became of them", ["outcome"])
COLLECTED_VIEWS = Counter(
    "pixeltrack_page_views_total", "Page views by what became of them", ["outcome"]
)
RECORDED = Counter(
    "pixeltrack_recorded_hits_total", "Hits that a consumer read, by its decision", ["decision"]
)
RECORDED_VIEWS = Counter(
    "pixeltrack_recorded_page_views_total",
    "Page views that a consumer read, by its decision",
    ["decision"],
)
SPOOL_UNREADABLE = Counter(
    "pixeltrack_spool_unreadable_lines_total", "Torn or spoilt lines of the spool, skipped"
)
STREAM_DELETED = Counter(
    "pixeltrack_stream_deleted_entries_total",
    "Entries that somebody deleted from the stream before they were recorded",
)
COLLECT_SECONDS = Histogram(
    "pixeltrack_collect_seconds",
    "From reading a request to its answer, by the kind of its hits",
    ["kind"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
BATCH_HITS = Histogram(
    "pixeltrack_batch_hits",
    "Hits of a stream that a consumer recorded at once",
    ["kind"],
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500),
)
BATCH_SECONDS = Histogram(
    "pixeltrack_batch_seconds",
    "How long it took to record them",
    ["kind"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
BREAKER_OPEN = Gauge(
    "pixeltrack_breaker_open",
    "Whether a web process leaves a store alone because it has failed",
    ["breaker"],
    multiprocess_mode="livemax",  # of the processes that live: one of them is enough
)
COUNTS_CHECKED = Counter(
    "pixeltrack_counts_checked_days_total", "Days of groups whose counts were looked at"
)
HEARTBEAT = Gauge(
    "pixeltrack_heartbeat_timestamp_seconds",
    "When a process was last seen to go on with its work, in Unix time",
    ["process"],
    multiprocess_mode="mostrecent",
)
