from prometheus_client import Counter, Gauge

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
COUNTS_CHECKED = Counter(
    "pixeltrack_counts_checked_days_total", "Days of groups whose counts were looked at"
)
HEARTBEAT = Gauge(
    "pixeltrack_heartbeat_timestamp_seconds",
    "When a process was last seen to go on with its work, in Unix time",
    ["process"],
    multiprocess_mode="mostrecent",
)
