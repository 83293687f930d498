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
# Of the host, whichever of its processes looked last.
SPOOL_BYTES = Gauge(
    "pixeltrack_spool_bytes", "Hits that wait in the spool", multiprocess_mode="mostrecent"
)
DISK_FREE_BYTES = Gauge(
    "pixeltrack_disk_free_bytes", "Left on the spool's disk", multiprocess_mode="mostrecent"
)
COUNTS_DRIFT = Gauge(
    "pixeltrack_counts_drift",
    "By how much kept counts differed from the openings when a sample was looked at last",
    multiprocess_mode="mostrecent",
)
COUNTS_CHECKED = Counter(
    "pixeltrack_counts_checked_days_total", "Days of groups whose counts were looked at"
)
