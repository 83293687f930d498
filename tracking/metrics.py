from prometheus_client import Counter

COLLECTED = Counter("pixeltrack_hits_total", "Hits of pixels by what became of them", ["outcome"])
RECORDED = Counter(
    "pixeltrack_recorded_hits_total", "Hits that a consumer read, by its decision", ["decision"]
)
