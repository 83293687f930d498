"""What the database has to tell, when somebody asks."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily

from tracking.drift import known_drift
from tracking.models import QuarantinedHit


def kept_numbers() -> Iterator[GaugeMetricFamily]:
    """Raises DatabaseError."""
    yield GaugeMetricFamily(
        "pixeltrack_counts_drift",
        "By how much kept counts differed from the openings when a sample was looked at last",
        value=known_drift(),
    )
    yield GaugeMetricFamily(
        "pixeltrack_quarantined_hits",
        "Hits that can't be recorded, and wait for somebody to look at them",
        value=QuarantinedHit.objects.count(),
    )
